"""What launcher and ranks tell each other: pickles whose frames are files in Arrow IPC.

Both ends are processes of one user and the files lie in a folder that only this user can read, so unpickling is as safe
as importing. cloudpickle, where installed, also takes lambdas and the functions of a notebook or script.
"""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any

from pycylon import _optional

if TYPE_CHECKING:
    from pathlib import Path

_FRAME = "pycylon.DataFrame"


def _pickler() -> type[pickle.Pickler]:
    cloudpickle = _optional.find("cloudpickle")
    return pickle.Pickler if cloudpickle is None else cloudpickle.Pickler


def write(path: Path, value: object) -> None:
    """Write `value` to `path`, each frame in it to a file beside it; `path` appears when all is written."""
    # What was never imported has no instances; a script's task must not pay for it.
    home = _optional.loaded("pycylon.frame")
    frames = 0

    class Pickler(_pickler()):  # type: ignore[misc]
        def persistent_id(self, obj: object) -> tuple[str, str] | None:
            nonlocal frames
            if home is None or not isinstance(obj, home.DataFrame):
                return None
            from pycylon.io import write_ipc

            name = f"{path.stem}-{frames}.arrow"
            frames += 1
            write_ipc(obj.local, path.with_name(name))
            return (_FRAME, name)

    buffer = io.BytesIO()
    Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
    partial = path.with_suffix(".partial")
    partial.touch(0o600)
    partial.write_bytes(buffer.getbuffer())
    partial.rename(path)


def read(path: Path) -> Any:
    """Read what `write` wrote, its frames as local frames."""

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, pid: tuple[str, str]) -> object:
            from pycylon.io import read_ipc

            return read_ipc(path.with_name(pid[1]))

    with path.open("rb") as file:
        return Unpickler(file).load()
