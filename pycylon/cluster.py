"""`run`: one function on every rank of a job, its results gathered."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pycylon import _optional
from pycylon.launch import message
from pycylon.launch.local import Local
from pycylon.launch.worker import Failure, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pycylon.launch.process import Rank

Gather = Literal["list", "concat", "rank0"]


def run(
    fn: Callable[..., Any],
    world_size: int = 4,
    on: Local | None = None,
    gather: Gather = "list",
    *,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    timeout: float | None = None,
) -> Any:
    """Run a function on every rank of a new job and gather what it returns.

    Parameters
    ----------
    fn : callable
        Called as ``fn(env, *args, **kwargs)`` in every rank, `env` being the rank's `CylonEnv`. A lambda, or a function
        of a notebook, needs the extra ``pycylon[run]`` (cloudpickle); a script's function works without it, if what
        the script does stands under ``if __name__ == "__main__":``.
    world_size : int, default 4
        The number of ranks.
    on : Local, optional
        Where the ranks run. Default: processes of this machine.
    gather : {"list", "concat", "rank0"}, default "list"
        What to return: the results as a list by rank, frames as one frame in the order of the ranks, or the result of
        rank 0 alone. Frames travel as Arrow, all else pickled.
    args, kwargs
        Arguments of `fn`, the same for every rank. Frames among them travel as Arrow.
    timeout : float, optional
        Seconds after which the ranks are ended and `TimeoutError` is raised.

    Returns
    -------
    object
        See `gather`.

    Raises
    ------
    BaseException
        What `fn` raised in the rank that failed first, of its own type, with the rank and its traceback as notes. The
        other ranks are ended.
    PeerLost
        If a rank's process died without an exception.

    Examples
    --------
    >>> import pycylon as pc
    >>> pc.run(lambda env, factor: env.rank * factor, world_size=3, args=(10,))
    [0, 10, 20]
    """
    _check(fn, world_size, gather)
    place = on or Local()
    with place.folder() as folder:
        task = Task(argv=sys.argv[:1], call="call.pickle", main=_main_script(fn), gather=gather)
        try:
            message.write(folder / "call.pickle", (fn, tuple(args), dict(kwargs or {})))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            if _optional.find("cloudpickle") is not None:
                raise
            raise TypeError(
                f"{fn!r} cannot be sent to the ranks ({error}): `pip install 'pycylon[run]'` for lambdas and notebooks"
            ) from error
        with place.start(task, folder, world_size) as ranks:
            failures = ranks.wait(timeout)
        if failures:
            _raise_first(failures, folder)
        wanted = 1 if gather == "rank0" else world_size
        results = [message.read(folder / f"rank-{rank}.pickle") for rank in range(wanted)]
    return results[0] if gather == "rank0" else _concat(results) if gather == "concat" else results


def run_script(script: str, argv: Sequence[str], world_size: int, on: Local | None = None) -> int:
    """Run a script on every rank of a new job and return an exit status: 0, or that of the rank that failed first.

    A rank that failed because another did doesn't count, however early it ended.

    Parameters
    ----------
    script : str
        The path of a Python script; `CylonEnv()` in it is its place in the job.
    argv : sequence of str
        Its arguments.
    world_size : int
        The number of ranks.
    on : Local, optional
        Where the ranks run.
    """
    place = on or Local()
    with place.folder() as folder, place.start(Task(script=script, argv=[script, *argv]), folder, world_size) as ranks:
        failures = ranks.wait()
    if not failures:
        return 0
    for rank in failures:
        if not rank.reported:  # it printed nothing: the other ranks only tell that it is gone
            sys.stderr.write(f"[rank {rank.number}] the process ended with {_ending(rank)}, without reporting\n")
    status = next((rank for rank in failures if not rank.followed), failures[0]).status
    # A rank that left with status 0 in the middle of its script has failed all the same.
    return (status if status >= 0 else 128 - status) or 1


def _ending(rank: Rank) -> str:
    status = rank.status
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def _check(fn: object, world_size: object, gather: object) -> None:
    if os.environ.get("PYCYLON_RANK"):
        raise RuntimeError(
            'pycylon.run was called inside a rank: put what starts the job under `if __name__ == "__main__":`, '
            "or install the extra pycylon[run]"
        )
    if not callable(fn):
        raise TypeError(f"fn must be a function that takes the rank's CylonEnv, not {type(fn).__name__}")
    if not isinstance(world_size, int) or world_size < 1:
        raise ValueError(f"world_size={world_size!r}: expected a whole number of ranks, 1 or more")
    if gather not in ("list", "concat", "rank0"):
        raise ValueError(f"gather={gather!r}: expected 'list', 'concat' or 'rank0'")


def _main_script(fn: Callable[..., Any]) -> str | None:
    """Return the script which ranks must import to find `fn`: the running one, if `fn` is of it and goes by name."""
    if getattr(fn, "__module__", None) != "__main__" or _optional.find("cloudpickle") is not None:
        return None
    file = getattr(sys.modules["__main__"], "__file__", None)
    return file and str(Path(file).resolve())


def _concat(results: list[Any]) -> Any:
    from pycylon import DataFrame, concat

    for rank, result in enumerate(results):
        if not isinstance(result, DataFrame):
            raise TypeError(
                f"gather='concat' needs a DataFrame from every rank, rank {rank} returned {type(result).__name__}"
            )
    return concat(results)


def _raise_first(failures: list[Rank], folder: Path) -> None:
    """Raise the failure that is the cause: not what other ranks saw of it."""
    from pycylon.errors import CONSEQUENCES

    reports = {rank.number: _failure(rank, folder) for rank in failures}
    first = next((n for n, report in reports.items() if not isinstance(report.error, CONSEQUENCES)), failures[0].number)
    report = reports[first]
    error = report.error or RuntimeError(report.summary)
    notes = [f"Raised in rank {first} of the job. Traceback of the rank:", report.traceback.rstrip()]
    others = [n for n in reports if n != first]
    if others:
        notes.append("Failed after it: " + "; ".join(f"rank {n}: {reports[n].summary}" for n in others))
    for note in notes:
        _add_note(error, note)
    raise error


def _failure(rank: Rank, folder: Path) -> Failure:
    from pycylon.errors import PeerLost

    if rank.reported:
        report = message.read(folder / f"rank-{rank.number}.pickle")
        if isinstance(report, Failure):
            return report
    text = f"the rank's process ended with {_ending(rank)} before its function returned: see its output above"
    error = PeerLost(text, rank=rank.number)
    return Failure(error, str(error), "(none: the process ended without an exception)")


def _add_note(error: BaseException, note: str) -> None:
    """Add a note as Python 3.11 does; 3.10 keeps it, without printing it."""
    if hasattr(error, "add_note"):
        error.add_note(note)
    else:
        error.__notes__ = [*getattr(error, "__notes__", []), note]  # type: ignore[attr-defined]
