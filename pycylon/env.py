"""`CylonEnv`: this process's place in a job."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pycylon import config as settings
from pycylon._native import abi
from pycylon.arguments import number, whole
from pycylon.errors import InvalidError

if TYPE_CHECKING:
    from types import TracebackType

    from pycylon.comm import Communicator, Store
    from pycylon.comm.explanation import Explanation


class CylonEnv:
    """The place of this process in a job: its rank, and its connections to the other ranks.

    Parameters
    ----------
    config : object, optional
        Accepted for PyCylon's scripts, which pass ``MPIConfig()``; what starts a job gives its settings instead.
    distributed : bool, default True
        False opens a world of this process alone, whatever the variables say.
    token : str, optional
        The job token. Default: ``PYCYLON_TOKEN``, which is kept and removed from ``os.environ``, so that child
        processes don't inherit it; or the content of the file ``PYCYLON_TOKEN_FILE``. Without one the world is this
        process alone.
    rank : int, optional
        This process's rank. Default: ``PYCYLON_RANK``, else the rendezvous gives one.
    world_size : int, optional
        The number of ranks that is expected. Default: ``PYCYLON_WORLD_SIZE``, else the token's.
    paths : list of str, optional
        The ways in which ranks may be connected: "loopback", "private", "public", "punched", "quic", "relay", "redis",
        "s3", "custom"; the same on all ranks. Default: ``PYCYLON_PATHS``, names with commas between them; else all that
        make sense.
    stores : list of str or Store, optional
        Servers through which ranks are connected that have no better path, the same on all ranks:
        ``redis://:password@host:6379/0`` (``rediss://`` with TLS), ``s3://bucket/prefix`` (``?endpoint=https://...``
        where it isn't Amazon's), or an object of a class of your own, `pycylon.comm.Store`. They see ciphertext only.
        Default: ``PYCYLON_STORES``, names with blanks between them, which is kept and removed from ``os.environ`` like
        the token; else none.
    hint : str, optional
        What collectives' algorithms are chosen for: "fast", or "cheap"; the same on all ranks. See `explain`. Default:
        ``PYCYLON_HINT``, else "fast".
    cost_model : str or path, optional
        A JSON file with what is known of channels and prices, in place of AWS Lambda's; the same on all ranks. Default:
        ``PYCYLON_COST_MODEL``, else none.
    threads : int, optional
        Compute threads of this process. Default: ``PYCYLON_THREADS``, else one per processor.
    memory_limit : int or str, optional
        What operations may reserve: bytes, or a text such as "2GB"; what exceeds it is written to disk for the time of
        the operation. Inputs and results don't count. Default: ``PYCYLON_MEMORY_LIMIT``, else no limit.
    temp_dir : str, optional
        The folder for what exceeds `memory_limit`. Default: ``PYCYLON_TEMP_DIR``, else the system's.
    disk_limit : int or str, optional
        What operations may write there. Default: ``PYCYLON_DISK_LIMIT``, else no limit.
    connect_timeout : float, optional
        Seconds until the job must be complete. Default: ``PYCYLON_CONNECT_TIMEOUT``, else the core's.
    operation_timeout : float, optional
        Seconds that one operation may take. Default: ``PYCYLON_OPERATION_TIMEOUT``, else no limit.
    progress : bool or "always", optional
        Show on rank 0 how far an operation is that lasts: one line on the standard error of a terminal or a notebook,
        gone when the operation has ended. "always": elsewhere, too, as lines of a log. Default: ``PYCYLON_PROGRESS``
        (1, 0 or always), which also holds for operations without an environment; else False.

    Notes
    -----
    Collective: opening succeeds on all ranks of a job or on none. As a context manager it leaves the job at its end; an
    exception that ends the block is told to the other ranks, which then don't wait for this one.

    Examples
    --------
    >>> import pycylon as pc
    >>> with pc.CylonEnv() as env:
    ...     print(env.rank, env.world_size)
    0 1
    """

    def __init__(
        self,
        config: object = None,
        distributed: bool = True,
        *,
        token: str | None = None,
        rank: int | None = None,
        world_size: int | None = None,
        paths: list[str] | None = None,
        stores: list[str | Store] | None = None,
        hint: str | None = None,
        cost_model: str | os.PathLike[str] | None = None,
        threads: int | None = None,
        memory_limit: int | str | None = None,
        temp_dir: str | None = None,
        disk_limit: int | str | None = None,
        connect_timeout: float | None = None,
        operation_timeout: float | None = None,
        progress: bool | str | None = None,
    ) -> None:
        settings.progress(progress)  # a wrong value is refused here
        self._progress = progress
        own = (threads, memory_limit, temp_dir, disk_limit)
        if any(value is not None for value in own):
            abi.configure(settings.settings(*own))
        self._stores: list[Store] = []
        options: dict[str, Any] = {
            "connect_timeout": _number("PYCYLON_CONNECT_TIMEOUT", connect_timeout, float),
            "operation_timeout": _number("PYCYLON_OPERATION_TIMEOUT", operation_timeout, float),
        }
        model = cost_model if cost_model is not None else os.environ.get("PYCYLON_COST_MODEL")
        options["hint"] = hint if hint is not None else os.environ.get("PYCYLON_HINT")
        options["cost_model"] = Path(model).read_text() if model else None
        if distributed:
            options["token"] = token if token is not None else given_token()
        if options.get("token"):
            options["rank"] = _number("PYCYLON_RANK", rank, int)
            options["world_size"] = _number("PYCYLON_WORLD_SIZE", world_size, int)
            options["paths"] = paths if paths is not None else _names(os.environ.get("PYCYLON_PATHS", ""), ",")
            named = stores if stores is not None else _names(settings.secret("PYCYLON_STORES"), None)
            options["stores"] = [store for store in named or () if isinstance(store, str)]
            self._stores = [store for store in named or () if not isinstance(store, str)]
        elif distributed and token is None:
            # Ranks that each took themselves for the whole world would all compute everything.
            rank, world_size = _number("PYCYLON_RANK", rank, int), _number("PYCYLON_WORLD_SIZE", world_size, int)
            if rank or (world_size or 1) > 1:
                raise InvalidError(
                    f"rank={rank}, world_size={world_size} need a job token: pass token=, set PYCYLON_TOKEN or "
                    "PYCYLON_TOKEN_FILE, or start the ranks with pycylon.run or `python -m pycylon run`"
                )
        self._comm: Communicator | None = None
        self._options = {name: value for name, value in options.items() if value is not None}
        self._open()

    @classmethod
    def from_lambda(cls, event: Any, context: Any) -> CylonEnv:
        """Join the job that a Lambda function was invoked for.

        Parameters
        ----------
        event : dict
            The function's event: the job token and what belongs to it.
        context : object
            The function's context.
        """
        from pycylon.serverless import aws

        environment: CylonEnv = aws.environment(event, context)
        return environment

    @property
    def rank(self) -> int:
        """The number of this process in the job, from 0 on."""
        return self._rank

    @property
    def world_size(self) -> int:
        """The number of ranks."""
        return self._world_size

    @property
    def is_distributed(self) -> bool:
        """Whether there are other ranks."""
        return self._world_size > 1

    @property
    def comm(self) -> Communicator:
        """What ranks say to each other beside their frames: collectives with mpi4py's names."""
        if self._comm is None:
            from pycylon.comm import Communicator

            self._comm = Communicator(self)
        return self._comm

    def describe(self) -> dict[str, Any]:
        """Return what is known of the job: rank, world, and for each peer its path and the bytes exchanged."""
        return self._native.describe()

    def explain(self, collective: str, nbytes: int = 0) -> Explanation:
        """Return by what the algorithm of a collective is chosen: what each would take, in time and money.

        Parameters
        ----------
        collective : str
            "barrier", "bcast", "scatter", "gather", "allgather", "alltoall", "alltoallv", "reduce", "allreduce",
            "reduce_scatter", "scan" or "exscan".
        nbytes : int, default 0
            The bytes that one rank gives, or gets from another in an alltoall.

        Notes
        -----
        Latency and bandwidth are measured between neighbours as the job opens, and rounded to powers of two; prices,
        and channels that this job doesn't use, are AWS Lambda's or those of `cost_model`. Reductions choose by the
        model alone, since the order in which they combine depends on the algorithm.

        Examples
        --------
        >>> with pc.CylonEnv() as env:
        ...     plan = env.explain("alltoall", 1_000_000)
        ...     plan.chosen["algorithm"]
        'linear'
        """
        from pycylon.comm.explanation import Explanation

        call = {"kind": "explain", "site": "", "args": {"collective": collective, "bytes": int(nbytes)}}
        told = json.loads(self._native.collective(call).messages[0])
        return Explanation(collective, int(nbytes), self._world_size, told)

    def events(self) -> list[dict[str, Any]]:
        """Return what happened since the last call, at most the last 4,096 events.

        Every event has a "number", its "time", the "rank" and, but for some log lines, "run" and "op": the operation's
        number and name. Beside these, by "kind":

        - "progress", of an operation that lasts, after half a second and then every 200 ms: the "step" that runs, the
          "rows" that it has read here, "rows_total" where known, "bytes_sent", "bytes_received", the "seconds" since
          it began;
        - "span", of each step of an operation and, without "step", of the whole, when it has ended: the "rows" that it
          made here, bytes as above, and how many "seconds" before "time" it began;
        - "log": its "level" and "text".

        A number that is zero is left out.

        Examples
        --------
        >>> with pc.CylonEnv() as env:
        ...     df = pc.DataFrame({"a": [2, 1]}).sort_values("a", env=env)
        ...     for event in env.events():
        ...         print(event["kind"], event["op"], event.get("step", "in all"), event["rows"])
        span sort_values source 2
        span sort_values sort 2
        span sort_values in all 2
        """
        return self._native.events()

    def barrier(self) -> None:
        """Wait until every rank has come here. Collective."""
        self._native.collective({"kind": "barrier", "site": abi.call_site("barrier")})

    def reopen(self) -> None:
        """Leave the job and join it again, as the same rank, under a new epoch. Collective.

        For a job that has lost a rank which still lives: one that stood still for longer than the others wait, as a
        frozen Lambda function or a suspended machine does, or whose connections were cut. Its own operations then
        raise `StaleError`, and those of all others `PeerLost`; when all ranks call this, the environment works again.
        Frames keep their rows and may be used as before. What ran was lost: begin it anew.

        Raises
        ------
        StaleError
            If the other ranks have opened the job again without this one.
        OperationTimeoutError
            If ranks are missing when `connect_timeout` is over: it names them. It may be called again then.
        UnauthenticatedError
            If the token has expired. The rendezvous must be there, too, as at the first time.

        Notes
        -----
        A process that was started anew has not been in the job: it needs a new token, and so does the whole job.
        Communicators that were made before stay closed: take `comm` anew. Operations that still run in other threads
        are waited for, as by `finalize`.

        Examples
        --------
        >>> with pc.CylonEnv() as env:
        ...     env.reopen()
        ...     env.comm.allreduce(1)
        1
        """
        self._leave("")
        self._open()

    def finalize(self) -> None:
        """Leave the job. Frames stay readable; a second call does nothing."""
        self._leave("")

    def _open(self) -> None:
        self._comm = None
        with contextlib.ExitStack() as served:
            options = self._options
            if self._stores:
                from pycylon.comm.store import serve

                options = options | {"custom": [serve(store, served) for store in self._stores]}
            self._native = abi.open_environment(options)
            self._served = served.pop_all()
        described = self._native.describe()
        self._rank, self._world_size = int(described["rank"]), int(described["world_size"])
        if "epoch" in described:
            self._options |= {"rank": self._rank, "after": described["epoch"]}
        _remember(self)

    def _leave(self, reason: str) -> None:
        if self._native.value:
            try:
                self._native.collective({"kind": "close", "error": reason})
            finally:
                self._native.free()
                self._served.close()
                _open.discard(self)

    def __enter__(self) -> CylonEnv:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the job; the other ranks learn of an exception."""
        if error is None:
            self.finalize()
            return
        try:
            self._leave(f"{type(error).__name__}: {error}")
        except Exception as failure:  # the block's own exception is the one to raise
            error.__context__ = error.__context__ or failure

    def __repr__(self) -> str:
        """Return "CylonEnv(rank 1 of 4)"."""
        closed = "" if self._native.value else ", closed"
        return f"CylonEnv(rank {self._rank} of {self._world_size}{closed})"


#: The environments that are open: those still open at the end of the program leave their jobs then.
_open: weakref.WeakSet[CylonEnv] = weakref.WeakSet()


def _remember(env: CylonEnv) -> None:
    if not _open:
        atexit.unregister(_leave_all)
        atexit.register(_leave_all)
    _open.add(env)


def is_first() -> bool:
    """Tell whether this process is rank 0 of the jobs it is in."""
    return os.environ.get("PYCYLON_RANK", "") in ("", "0") and all(env.rank == 0 for env in _open)


def _leave_all() -> None:
    for env in list(_open):
        with contextlib.suppress(Exception):  # the program ends: what its jobs would say has no listener
            env.finalize()


def given_token() -> str | None:
    """Return the job token that the variables give."""
    kept = settings.secret("PYCYLON_TOKEN")
    if kept:
        return kept
    path = os.environ.get("PYCYLON_TOKEN_FILE")
    if not path:
        return None
    token = Path(path).read_text().strip()
    if not token:
        raise InvalidError(f"PYCYLON_TOKEN_FILE={path!r} is empty: write into it what `python -m pycylon token` prints")
    return token


def _names(text: str, separator: str | None) -> list[str] | None:
    """Return the names that a text lists, None where it lists none."""
    names = [name.strip() for name in text.split(separator)]
    return [name for name in names if name] or None


def _number(variable: str, given: Any, kind: type) -> Any:
    """Return `given`, else the variable's value as a number, else None."""
    text = os.environ.get(variable)
    if given is not None:
        name = variable.removeprefix("PYCYLON_").lower()
        return whole(given, name, "CylonEnv") if kind is int else number(given, name, "CylonEnv")
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        raise InvalidError(f"{variable}={text!r}: expected a number") from None
