"""What runs in a rank's process: the other end of `pycylon.launch.process`."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import runpy
import signal
import sys
import threading
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pycylon import _optional
from pycylon.launch import message

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Task:
    """What every rank of a job runs.

    Attributes
    ----------
    call : str or None
        The file, beside the task's, of the pickled function and its arguments; the rank's environment comes first.
    script : str or None
        A script to run as ``__main__`` instead.
    argv : list of str
        ``sys.argv`` of the rank.
    main : str or None
        The launching script, where a function of it is pickled by name: it is imported as ``__mp_main__`` first.
    gather : str
        Whose results the launcher wants: "rank0", or those of all, as a "list" or for "concat".
    """

    argv: list[str] = field(default_factory=list)
    call: str | None = None
    script: str | None = None
    main: str | None = None
    gather: str = "list"


@dataclass(frozen=True)
class Failure:
    """An exception on its way to the launcher.

    Attributes
    ----------
    error : BaseException or None
        The exception itself, None where it cannot be pickled.
    summary : str
        Type and message.
    traceback : str
        As Python prints it.
    """

    error: BaseException | None
    summary: str
    traceback: str


def main() -> None:
    """Run this rank's task: arguments are sys.path (taken already), the task's file, lifeline and status pipe."""
    path, lifeline, status = Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    for descriptor in (lifeline, status):
        os.set_inheritable(descriptor, False)
    threading.Thread(target=_end_with_launcher, args=(lifeline,), daemon=True).start()
    faulthandler.enable()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
    task: Task = message.read(path)
    sys.argv = task.argv
    if task.script is not None:
        sys.exit(_run_script(task.script, status))
    result = path.with_name(f"rank-{os.environ['PYCYLON_RANK']}.pickle")
    try:
        message.write(result, _run_call(task, path))
    except BaseException as error:  # the launcher raises it again, KeyboardInterrupt and SystemExit too
        _report_failure(result, error)
        os.write(status, b"error")
        sys.exit(1)
    os.write(status, b"ok")


def _end_with_launcher(lifeline: int) -> None:
    """Wait until the launcher is gone, however it ended, and end this rank and its children."""
    with contextlib.suppress(OSError):
        os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)


def _run_script(script: str, status: int) -> int | str | None:
    sys.path.insert(0, str(Path(script).resolve().parent))
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        os.write(status, b"error" if end.code else b"ok")
        return end.code
    except BaseException as error:
        traceback.print_exception(type(error), error, _script_frames(error))
        # What was never imported was not raised.
        errors = _optional.loaded("pycylon.errors")
        followed = errors is not None and isinstance(error, errors.CONSEQUENCES)
        os.write(status, b"followed" if followed else b"error")
        return 1
    os.write(status, b"ok")
    return 0


def _run_call(task: Task, path: Path) -> object:
    from pycylon import CylonEnv

    if task.main is not None:
        # The launching script's functions are pickled as __main__.name. Imported under multiprocessing's name for
        # this, it does not start the job again.
        names = runpy.run_path(task.main, run_name="__mp_main__")
        vars(sys.modules["__main__"]).update({k: v for k, v in names.items() if k != "__name__"})
    function: Callable[..., Any]
    function, args, kwargs = message.read(path.with_name(str(task.call)))
    with CylonEnv() as env:
        value = function(env, *args, **kwargs)
        if task.gather == "concat" and env.rank > 0 and getattr(value, "placement", None) == "replicated":
            return value.local.head(0)  # rank 0 sends the rows, which are the same here
        return value if task.gather != "rank0" or env.rank == 0 else None


def _report_failure(result: Path, error: BaseException) -> None:
    text = "".join(traceback.format_exception(type(error), error, _own_frames(error)))
    summary = "".join(traceback.format_exception_only(type(error), error)).strip()
    try:
        message.write(result, Failure(error, summary, text))
        message.read(result)
    except Exception:  # an exception may hold anything, or not construct from its own arguments
        message.write(result, Failure(None, summary, text))


def _script_frames(error: BaseException) -> Any:
    """Return the traceback from the script on, as ``python script.py`` prints it."""
    trace = _own_frames(error)
    while trace is not None and trace.tb_next is not None and trace.tb_frame.f_globals.get("__name__") == "runpy":
        trace = trace.tb_next
    return trace


def _own_frames(error: BaseException) -> Any:
    """Return the traceback from the user's function on: the launcher's own frames say nothing."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace
