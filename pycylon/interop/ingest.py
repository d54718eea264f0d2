"""What a DataFrame can be made of, tried in order: Arrow's capsules, pandas, dicts, lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pycylon import _optional
from pycylon._native import abi
from pycylon.errors import InvalidError, NotFoundError, UnsupportedError
from pycylon.interop import columns as plain
from pycylon.interop import streams

if TYPE_CHECKING:
    from pycylon.interop.encoded import Encoded


def ingest(data: Any, columns: Sequence[str] | None, copy: bool) -> abi.Table:
    """Return a table of what a DataFrame is made of.

    Parameters
    ----------
    data : object
        As `DataFrame` takes it.
    columns : sequence of str, optional
        The columns' names; of a dict, which to take.
    copy : bool
        Whether to copy Arrow data.
    """
    if data is None:
        data = {} if columns is None else {name: [] for name in columns}
    pandas = _optional.loaded("pandas")
    if pandas is not None and isinstance(data, (pandas.DataFrame, pandas.Series)):
        from pycylon.interop.pandas import table_of

        return _named(table_of(data, copy), columns)
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return _named(from_arrow(data, copy), columns)
    if isinstance(data, Mapping):
        chosen = list(data) if columns is None else list(columns)
        missing = [name for name in chosen if name not in data]
        if missing:
            raise NotFoundError(f"columns= asks for {missing[0]!r}, the dict has no such key")
        return streams.table_of_encoded({str(name): column(str(name), data[name]) for name in chosen})
    if isinstance(data, str) or not isinstance(data, Iterable):
        raise TypeError(
            f"a DataFrame can't be made of {type(data).__name__}: pass a dict of columns, a list, or a table"
        )
    if getattr(data, "ndim", 1) == 2 and hasattr(data, "T"):
        data = data.T  # an array has rows, the list of its columns is what a frame is made of
    return _from_items(list(data), columns)


def from_arrow(data: Any, copy: bool = False) -> abi.Table:
    """Return a table of an object with one of Arrow's capsule methods.

    Parameters
    ----------
    data : object
        Rows, or a single column, which is then called "0".
    copy : bool, default False
        Copy the arrays rather than keep them.
    """
    stream = getattr(data, "__arrow_c_stream__", None)
    if stream is None:
        from pycylon.interop.streams import table_of_array

        return table_of_array(data.__arrow_c_array__(), copy)
    return abi.table_from_stream(stream(), copy)


def column(name: str, values: Any) -> Encoded:
    """Encode one column of a dict.

    Parameters
    ----------
    name : str
        Its name.
    values : object
        A list, an array, or a column of another library.
    """
    pandas = _optional.loaded("pandas")
    if pandas is not None and isinstance(values, (pandas.Series, pandas.Index)):
        from pycylon.interop.pandas import encode_series

        return encode_series(name, values)
    if hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__"):
        for to_list in ("to_pylist", "to_list", "tolist"):
            if hasattr(values, to_list):
                return plain.encode(name, getattr(values, to_list)())
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"column {name!r} is of type {type(values).__name__}: pass a list or an array")
    return plain.encode(name, values)


def _from_items(items: list[Any], columns: Sequence[str] | None) -> abi.Table:
    """Return a table of a list: of rows (dicts), of columns (lists, as in PyCylon), or of one column's values."""
    if items and all(isinstance(item, Mapping) for item in items):
        names = list(dict.fromkeys(name for row in items for name in row)) if columns is None else list(columns)
        return streams.table_of_columns({str(name): [row.get(name) for row in items] for name in names})
    is_nested = bool(items) and all(_is_column(item) for item in items)
    listed = items if is_nested or not items else [items]
    names = [str(i) for i in range(len(listed))] if columns is None else [str(name) for name in columns]
    if not listed:
        listed = [[] for _ in names]
    if len(names) != len(listed):
        rows = "; a list of lists is a list of columns: pass rows as dicts, or zip(*rows)" if is_nested else ""
        raise InvalidError(f"columns= has {len(names)} names for {len(listed)} columns{rows}")
    if len(set(names)) != len(names):
        raise InvalidError("columns= has a name twice: the names of columns are unique")
    return streams.table_of_encoded({name: column(name, values) for name, values in zip(names, listed)})


def _is_column(item: Any) -> bool:
    return isinstance(item, Iterable) and not isinstance(item, (str, bytes, Mapping))


def _named(table: abi.Table, columns: Sequence[str] | None) -> abi.Table:
    """Return the table with other column names."""
    if columns is None:
        _check_unique(table)
        return table
    from pycylon.frame.core import DataFrame

    return DataFrame._of(table)._renamed([str(name) for name in columns])._table


def _check_unique(table: abi.Table) -> None:
    seen = set()
    for field in table.schema:
        if field.name in seen:
            raise UnsupportedError(
                f"two columns are called {field.name!r}: rename one, the names of columns are unique"
            )
        seen.add(field.name)
