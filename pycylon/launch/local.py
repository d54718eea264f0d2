"""Ranks as processes of this machine."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pycylon.config import secrets
from pycylon.launch import message
from pycylon.launch.process import Ranks, threads_per_rank

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pycylon.launch.worker import Task

# How long a job's token is accepted. Ranks join within seconds of their start; a job may run for days after that.
TOKEN_SECONDS = 3600


@dataclass(frozen=True)
class Local:
    """Run ranks as processes of this machine, started afresh (not forked) for every job.

    The launching process serves the rendezvous on a loopback address; ranks still authenticate.

    Parameters
    ----------
    threads : int, optional
        Compute threads of all ranks together. Default: ``PYCYLON_THREADS``, else the processors this process may use.
        Each rank has at least one.
    temp_dir : str, optional
        Where arguments and results lie while a job runs, in a folder that only this user can read. Default: Python's
        temporary directory.

    Examples
    --------
    >>> import pycylon as pc
    >>> pc.run(lambda env: env.rank, world_size=2, on=pc.Local(threads=2))
    [0, 1]
    """

    threads: int | None = None
    temp_dir: str | None = None

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Make the job's folder (mode 0700), and remove it with all that lies in it."""
        with tempfile.TemporaryDirectory(prefix="pycylon-", dir=self.temp_dir) as name:
            yield Path(name)

    @contextmanager
    def start(self, task: Task, folder: Path, world_size: int) -> Iterator[Ranks]:
        """Start every rank on `task`; they have ended when the block is left.

        Parameters
        ----------
        task : Task
            What they run.
        folder : Path
            The job's folder.
        world_size : int
            How many.
        """
        from pycylon._native import abi

        message.write(folder / "task.pickle", task)
        rendezvous = abi.start_service("rendezvous", {"listen": "127.0.0.1:0"})
        try:
            token = folder / "token"
            token.touch(0o600)
            token.write_text(job_token(rendezvous.info["address"], world_size))
            inherited = {**secrets(), **os.environ}  # ranks may know them, though other child processes may not
            base = {name: value for name, value in inherited.items() if name not in ("PYCYLON_TOKEN", "PYCYLON_RANK")}
            base |= {
                "PYCYLON_TOKEN_FILE": str(token),
                "PYCYLON_WORLD_SIZE": str(world_size),
                "PYCYLON_THREADS": str(threads_per_rank(world_size, self.threads)),
            }
            environments = [base | {"PYCYLON_RANK": str(rank)} for rank in range(world_size)]
            with Ranks(folder / "task.pickle", environments) as ranks:
                yield ranks
        finally:
            rendezvous.stop()


def job_token(rendezvous: str, world_size: int, expiry: int = TOKEN_SECONDS, state: str | None = None) -> str:
    """Make the token of a new job.

    Parameters
    ----------
    rendezvous : str
        ``HOST:PORT`` of the server, as ranks reach it.
    world_size : int
        The number of ranks.
    expiry : int
        Seconds during which ranks may join.
    state : str, optional
        The server's state folder; without it the server is one that this process runs.
    """
    from pycylon._native import abi

    options: dict[str, object] = {"rendezvous": rendezvous, "world_size": world_size, "expiry": expiry}
    if state is not None:
        options["state"] = state
    service = abi.start_service("token", options)
    try:
        return str(service.info["token"])
    finally:
        service.stop()
