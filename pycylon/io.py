"""Files in and out: CSV, Arrow IPC."""

from __future__ import annotations

import operator
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pycylon.errors import InvalidError, UnsupportedError
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.env import CylonEnv
    from pycylon.frame.base import Frame
    from pycylon.frame.core import DataFrame


def read_csv(
    path: str | os.PathLike[str],
    sep: str = ",",
    *,
    names: Sequence[str] | None = None,
    header: int | str | None = "infer",
    usecols: Sequence[str] | None = None,
    dtype: Mapping[str, str | type] | None = None,
    na_values: str | Sequence[str] | None = None,
    keep_default_na: bool = True,
    skiprows: int = 0,
    nrows: int | None = None,
    parse_dates: Sequence[str] | bool = False,
    quotechar: str = '"',
    comment: str | None = None,
    true_values: Sequence[str] | None = None,
    false_values: Sequence[str] | None = None,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    slice: bool = False,
    replicate: bool = False,
    env: CylonEnv | None = None,
) -> DataFrame:
    r"""Read a CSV file.

    Parameters
    ----------
    path : path-like
        The file.
    sep : str, default ","
        What stands between two values.
    names : sequence of str, optional
        The columns' names, of a file without a header; with ``header=0`` they replace it.
    header : int or None, default "infer"
        0: the first line has the names; None: there is no such line. "infer" is 0 without `names`, else None.
    usecols : sequence of str, optional
        The columns to read.
    dtype : mapping, optional
        Types by column; of columns that the file doesn't have, ignored. Default: what all values fit.
    na_values : str or sequence of str, optional
        More texts that stand for null.
    keep_default_na : bool, default True
        Whether the empty text, "NA", "NaN", "null" and the like stand for null.
    skiprows : int, default 0
        Lines to skip at the start.
    nrows : int, optional
        The most rows to read.
    parse_dates : sequence of str, optional
        Columns to read as timestamps.
    quotechar : str, default '"'
        What stands around a value that contains `sep` or a line's end.
    comment : str, optional
        What begins a comment: the rest of its line is ignored.
    true_values, false_values : sequence of str, optional
        More texts that stand for true and false.
    encoding : str, default "utf-8"
        The text's encoding.
    delimiter : str, optional
        Another name of `sep`.
    slice : bool, default False
        With `env`: every rank reads its share of the file; the result is partitioned.
    replicate : bool, default False
        With `env`: every rank reads all of the file; the result is replicated, and needs no shuffle in a merge.
    env : CylonEnv, optional
        The job. Without `slice` and `replicate` the file is this rank's share.

    Notes
    -----
    With `env` collective: the ranks agree on the types.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "a.csv")
    >>> _ = file.write_text("a,b\n1,x\n2,\n")
    >>> import pycylon as pc
    >>> pc.read_csv(file).to_dict()
    {'a': [1, 2], 'b': ['x', None]}
    """
    from pycylon.interop.columns import plan_type

    if (slice or replicate) and env is None:
        raise InvalidError("slice= and replicate= say what each rank of a job reads: pass env= too", op="read_csv")
    if slice and replicate:
        raise InvalidError("slice= gives every rank a share, replicate= all rows: choose one", op="read_csv")
    if header not in ("infer", None, 0):
        raise InvalidError(f"header={header!r}: expected 0, None or 'infer'; skiprows= skips lines", op="read_csv")
    if parse_dates is True:
        raise InvalidError("parse_dates=True parses the index, which pycylon has not: name columns", op="read_csv")
    if dtype is not None and not isinstance(dtype, Mapping):
        raise InvalidError(f"dtype={dtype!r}: expected a dict of types by column", op="read_csv")
    if isinstance(na_values, Mapping):
        raise InvalidError(f"na_values={na_values!r}: expected texts that stand for null in all columns", op="read_csv")
    listed = [na_values] if isinstance(na_values, str) else list(na_values or ())
    options: dict[str, Any] = {
        "delimiter": delimiter if delimiter is not None else sep,
        "header": names is None if header == "infer" else header == 0,
        "names": _texts("names", names),
        "use_columns": _texts("usecols", usecols),
        "types": {name: plan_type(kind) for name, kind in (dtype or {}).items()},
        "na_values": [str(value) for value in listed],
        "keep_default_na": keep_default_na,
        "skip_rows": _count("skiprows", skiprows),
        "max_rows": -1 if nrows is None else _count("nrows", nrows),
        "parse_dates": _texts("parse_dates", parse_dates or None),
        "quote": quotechar,
        "comment": comment or "",
        "true_values": _texts("true_values", true_values),
        "false_values": _texts("false_values", false_values),
        "encoding": {"utf-8": "utf8"}.get(encoding.lower(), encoding.lower()),
    }
    plan = Plan("read_csv", [], env)
    share = "slice" if slice else "replicate" if replicate else "all"
    plan.node("scan_csv", path=_local_path(path), share=share, options=options)
    frame = plan.run()
    if env is not None and frame.placement == "local":
        from pycylon.frame.core import DataFrame
        from pycylon.frame.placement import PARTITIONED

        return DataFrame._of(frame._table, PARTITIONED, env)
    return frame


def _local_path(path: object) -> str:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"read_csv reads a file by its path, not from {type(path).__name__}: write it to a file first")
    text = os.fsdecode(path)
    if "://" in text:
        raise UnsupportedError(f"{text} is no local path: download the file first", op="read_csv")
    return str(Path(text).expanduser()) if text.startswith("~") else text


def _texts(option: str, given: Any) -> list[str]:
    if given is None:
        return []
    texts = [] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    if not all(isinstance(text, str) for text in texts) or (not texts and given not in ([], ())):
        raise InvalidError(f"{option}={given!r}: expected a list of str", op="read_csv")
    return texts


def _count(option: str, given: Any) -> int:
    try:
        count = operator.index(given)
    except TypeError:
        count = -1
    if count < 0:
        raise InvalidError(f"{option}={given!r}: expected a number of rows, 0 or more", op="read_csv")
    return count


def write_csv(frame: Frame, path: str | os.PathLike[str], *, sep: str, na_rep: str, header: bool, index: bool) -> None:
    """Write the rows here to a CSV file: `DataFrame.to_csv`.

    Parameters
    ----------
    frame : DataFrame
        The rows.
    path, sep, na_rep, header, index
        As in `DataFrame.to_csv`.
    """
    if index:
        raise InvalidError("index=True isn't supported: rows have no index", op="to_csv")
    _refuse_share(frame, "to_csv", "csv")
    plan = Plan("to_csv", [frame.local])
    options = {"delimiter": sep, "header": header, "na_rep": na_rep}
    plan.node("write_csv", inputs=plan.inputs, path=os.fspath(path), options=options)
    plan.execute()


def _refuse_share(frame: Frame, operation: str, suffix: str) -> None:
    """Refuse to write a share as if it were the frame: with one path for all ranks, one share would be left."""
    env = frame.env
    if frame.placement != "partitioned" or env is None or env.world_size == 1:
        return
    name = f"f'out-{{env.rank}}.{suffix}'"
    share = f"df.local.to_csv({name})" if operation == "to_csv" else f"write_ipc(df.local, {name})"
    raise InvalidError(
        f"the frame is partitioned over {env.world_size} ranks: write this rank's share with {share}, or bring all "
        "rows to one rank with df.gather()",
        op=operation,
    )


def write_ipc(frame: Frame, path: str | os.PathLike[str]) -> None:
    """Write the rows here to a file in the Arrow IPC file format, which pyarrow, Polars and pandas read.

    Parameters
    ----------
    frame : DataFrame
        The rows. Those of a partitioned frame are written by rank, as `df.local`, or gathered first.
    path : path-like
        The file, replaced if it exists.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pycylon as pc
    >>> file = pathlib.Path(tempfile.mkdtemp(), "a.arrow")
    >>> pc.write_ipc(pc.DataFrame({"a": [1, None]}), file)
    >>> pc.read_ipc(file).to_dict()
    {'a': [1, None]}
    """
    _refuse_share(frame, "write_ipc", "arrow")
    plan = Plan("write_ipc", [frame.local])
    plan.node("write_ipc", inputs=plan.inputs, path=os.fspath(path))
    plan.execute()


def read_ipc(path: str | os.PathLike[str]) -> DataFrame:
    """Read a file in the Arrow IPC file format as a local frame.

    Parameters
    ----------
    path : path-like
        The file.
    """
    plan = Plan("read_ipc", [])
    plan.node("scan_ipc", path=os.fspath(path))
    return plan.run()


def to_bytes(frame: Frame) -> bytes:
    """Return the rows here as the bytes of a file in the Arrow IPC file format.

    Parameters
    ----------
    frame : DataFrame
        The rows.
    """
    with tempfile.TemporaryDirectory(prefix="pycylon-") as folder:
        file = Path(folder, "frame.arrow")
        write_ipc(frame.local, file)
        return file.read_bytes()


def from_bytes(data: bytes, dtypes: Mapping[str, str]) -> DataFrame:
    """Return the local frame that `to_bytes` wrote.

    Parameters
    ----------
    data : bytes
        What it returned.
    dtypes : mapping
        The types of the columns: files have one for all strings.
    """
    from pycylon.frame.columns import assign

    with tempfile.TemporaryDirectory(prefix="pycylon-") as folder:
        file = Path(folder, "frame.arrow")
        file.write_bytes(data)
        frame = read_ipc(file)
    changed = {name: frame[name].astype(dtypes[name]) for name, kind in frame.dtypes.items() if kind != dtypes[name]}
    return assign(frame, changed) if changed else frame
