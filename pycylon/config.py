"""Settings: one name each, as a keyword and as a variable of the environment."""

from __future__ import annotations

import operator
import os
import re

from pycylon.errors import InvalidError

_PROGRESS: dict[str, bool | str] = {"": False, "0": False, "false": False, "1": True, "true": True, "always": "always"}
_UNITS = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def parse_bytes(value: int | str) -> int:
    """Return a size in bytes.

    Parameters
    ----------
    value : int or str
        A number of bytes, or a text such as "512MiB", "2GB" or "1.5G"; the units are powers of 1,024.

    Examples
    --------
    >>> parse_bytes("1.5G")
    1610612736
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*([KMGT]?)(?:i?B)?\s*", str(value), re.IGNORECASE)
    if match is None or not isinstance(value, str):
        raise InvalidError(f"{value!r} isn't a size: write a number of bytes, or one with a unit such as 512MiB or 2GB")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def parse_threads(value: int | str) -> int:
    """Return a number of threads.

    Parameters
    ----------
    value : int or str
        A whole number, 1 or more.
    """
    try:
        threads = int(value) if isinstance(value, str) else operator.index(value)
    except (TypeError, ValueError):
        threads = 0
    if threads < 1 or isinstance(value, bool):
        raise InvalidError(f"threads={value!r}: expected a whole number, 1 or more")
    return threads


def settings(
    threads: int | str | None = None,
    memory_limit: int | str | None = None,
    temp_dir: str | None = None,
    disk_limit: int | str | None = None,
) -> dict[str, int | str]:
    """Return the process's settings for the core: those given, else those of the environment.

    Parameters
    ----------
    threads : int, optional
        Compute threads; else ``PYCYLON_THREADS``, else one per processor.
    memory_limit : int or str, optional
        Bytes that operations may reserve; else ``PYCYLON_MEMORY_LIMIT``, else no limit.
    temp_dir : str, optional
        The folder for what exceeds the memory limit; else ``PYCYLON_TEMP_DIR``, else the system's.
    disk_limit : int or str, optional
        Bytes that may be written there; else ``PYCYLON_DISK_LIMIT``, else no limit.
    """
    chosen: dict[str, int | str] = {}
    threads = threads if threads is not None else os.environ.get("PYCYLON_THREADS")
    memory_limit = memory_limit if memory_limit is not None else os.environ.get("PYCYLON_MEMORY_LIMIT")
    if threads is not None and threads != "":
        chosen["threads"] = parse_threads(threads)
    if memory_limit is not None and memory_limit != "":
        chosen["memory_limit"] = parse_bytes(memory_limit)
    temp_dir = temp_dir if temp_dir is not None else os.environ.get("PYCYLON_TEMP_DIR")
    disk_limit = disk_limit if disk_limit is not None else os.environ.get("PYCYLON_DISK_LIMIT")
    if temp_dir:
        chosen["temp_dir"] = os.fspath(temp_dir)
    if disk_limit is not None and disk_limit != "":
        chosen["disk_limit"] = parse_bytes(disk_limit)
    return chosen


def progress(value: bool | str | None = None) -> bool | str:
    """Return whether long operations show how far they are: True, False, or "always".

    Parameters
    ----------
    value : bool or str, optional
        The setting; else ``PYCYLON_PROGRESS``, else False.

    Examples
    --------
    >>> progress("1"), progress(False), progress("always")
    (True, False, 'always')
    """
    text = str(value if value is not None else os.environ.get("PYCYLON_PROGRESS", "")).strip().lower()
    if text not in _PROGRESS:
        raise InvalidError(f"progress={text!r}: expected True (1), False (0) or 'always'")
    return _PROGRESS[text]


def from_environment() -> dict[str, int | str]:
    """Return the settings that the environment's variables give."""
    return settings()


#: What variables held that are secret, by name.
_secrets: dict[str, str] = {}


def secret(variable: str) -> str:
    """Return what a variable holds, and remove it from ``os.environ``: child processes must not inherit it.

    Parameters
    ----------
    variable : str
        Its name: ``PYCYLON_TOKEN``, or ``PYCYLON_STORES``, in which there may be a password.

    Returns
    -------
    str
        What it holds, or held when it was read before; "" where it never did.
    """
    held = os.environ.pop(variable, "")
    if held:
        _secrets[variable] = held
    return _secrets.get(variable, "")


def secrets() -> dict[str, str]:
    """Return what variables held that `secret` removed, by name."""
    return dict(_secrets)
