"""The ranks of one job as local processes: started, listened to, and ended together."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from pycylon.config import parse_threads
from pycylon.launch.output import PrefixedOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

# A failed rank reaches the others through the environment that they share; ranks that do not listen (because they
# compute or sleep in Python) are ended after this many seconds.
FAILURE_GRACE = 3.0
# After Ctrl-C every rank may run its `finally` for so long.
INTERRUPT_GRACE = 1.0
_BOOT = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from pycylon.launch.worker import main; main()"


class Rank:
    """One rank's process, seen from the launcher.

    Attributes
    ----------
    number : int
        The rank.
    reported : bool
        Whether it said how its task ended, and wrote what came of it.
    followed : bool
        Whether it said that it failed because another rank did.
    """

    def __init__(self, number: int, task: Path, lifeline: int, environment: Mapping[str, str]) -> None:
        self.number = number
        self.reported = False
        self.followed = False
        status_read, status_write = os.pipe()
        self.report = open(status_read, "rb", buffering=0)  # noqa: PTH123, SIM115  (a descriptor; closed by Ranks)
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _BOOT, json.dumps(sys.path), str(task), str(lifeline), str(status_write)],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(lifeline, status_write),
                # A group of its own: Ctrl-C reaches the launcher alone, and the rank's own children end with it.
                start_new_session=True,
            )
        except BaseException:
            self.report.close()
            raise
        finally:
            os.close(status_write)

    @property
    def running(self) -> bool:
        """Whether the process runs. It stays unreaped, so that its group's number cannot be another's by now."""
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    @property
    def status(self) -> int:
        """The exit status, or the negative number of the signal that ended it; once `Ranks` has closed."""
        return self.process.wait()

    def signal(self, number: int) -> None:
        """Send a signal to the rank and the processes it started; only before `Ranks` has closed."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


class Ranks:
    """All ranks of one job on this machine; leaving the `with` block ends those that still run.

    Parameters
    ----------
    task : Path
        The file that says what to run, for `pycylon.launch.worker`.
    environments : sequence of mapping
        The environment variables of each rank.
    """

    def __init__(self, task: Path, environments: Sequence[Mapping[str, str]]) -> None:
        self.failures: list[Rank] = []
        self._pending = set(range(len(environments)))
        self._members: list[Rank] = []
        self._closed = False
        self._selector = selectors.DefaultSelector()
        lifeline, self._lifeline = os.pipe()
        try:
            for number, environment in enumerate(environments):
                rank = Rank(number, task, lifeline, environment)
                self._members.append(rank)
                self._listen(rank)
        except BaseException:
            self.close()
            raise
        finally:
            os.close(lifeline)

    def __enter__(self) -> Ranks:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is KeyboardInterrupt:
            self._interrupt()
        self.close()

    def wait(self, timeout: float | None = None) -> list[Rank]:
        """Wait for every rank and return those that failed, the first failure first.

        The ranks that are left after a failure have `FAILURE_GRACE` seconds to hear of it.

        Raises
        ------
        TimeoutError
            If `timeout` seconds pass; it names the ranks that still run.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        grace = None
        while self._pending:
            if self.failures and grace is None:
                grace = time.monotonic() + FAILURE_GRACE
            if grace is not None and time.monotonic() > grace:
                break
            if deadline is not None and time.monotonic() > deadline:
                running = [rank.number for rank in self._members if rank.running]
                raise TimeoutError(
                    f"ranks {running} still ran after {timeout:g} s; raise timeout=, or look at what they wait for"
                )
            limits = [limit - time.monotonic() for limit in (grace, deadline) if limit is not None]
            self._dispatch(max(0.0, min(limits)) if limits else None)
        self.close()
        return self.failures

    def close(self) -> None:
        """End every rank that still runs, with the processes it started, and print the last of their output."""
        if self._closed:
            return
        self._closed = True
        for rank in self._members:
            rank.signal(signal.SIGKILL)
        for rank in self._members:
            rank.process.wait()
        # What is left to read is there already; a child that left the group may hold a pipe open for longer.
        while self._selector.get_map() and self._selector.select(0):
            self._dispatch(0)
        for rank in self._members:
            for stream in (rank.process.stdout, rank.process.stderr, rank.report):
                if stream is not None:
                    stream.close()
        self._selector.close()
        os.close(self._lifeline)

    def _interrupt(self) -> None:
        for rank in self._members:
            rank.signal(signal.SIGINT)
        deadline = time.monotonic() + INTERRUPT_GRACE
        while self._pending and time.monotonic() < deadline:
            self._dispatch(max(0.0, deadline - time.monotonic()))

    def _listen(self, rank: Rank) -> None:
        for source, target in ((rank.process.stdout, sys.stdout), (rank.process.stderr, sys.stderr)):
            if source is None:
                continue
            os.set_blocking(source.fileno(), False)
            output = PrefixedOutput(f"[rank {rank.number}] ", target)
            self._selector.register(source, selectors.EVENT_READ, self._forward(output))
        self._selector.register(rank.report, selectors.EVENT_READ, self._report(rank))

    def _forward(self, output: PrefixedOutput) -> Callable[[bytes], None]:
        def on_data(data: bytes) -> None:
            if data:
                output.feed(data)
            else:
                output.close()

        return on_data

    def _report(self, rank: Rank) -> Callable[[bytes], None]:
        def on_data(data: bytes) -> None:
            rank.reported |= data != b""
            rank.followed |= data == b"followed"
            if not data:  # the process has ended: nothing else holds the pipe
                self._pending.discard(rank.number)
            # Ended here, a rank is no failure; ended by itself without a report, it is.
            if data in (b"error", b"followed") or not (rank.reported or self._closed):
                self.failures.append(rank)

        return on_data

    def _dispatch(self, timeout: float | None) -> None:
        for key, _ in self._selector.select(timeout):
            data = os.read(key.fd, 65536)
            if not data:
                self._selector.unregister(key.fileobj)
            key.data(data)


def threads_per_rank(world_size: int, threads: int | None) -> int:
    """Divide the machine's threads, or those that the user set, among the ranks.

    Examples
    --------
    >>> threads_per_rank(4, threads=8)
    2
    >>> threads_per_rank(4, threads=1)
    1
    """
    given = threads if threads is not None else os.environ.get("PYCYLON_THREADS")
    total = parse_threads(given) if given not in (None, "") else len(os.sched_getaffinity(0))
    return max(1, total // world_size)
