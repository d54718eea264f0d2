"""pandas in and out, with pyarrow where it is installed and without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon import _optional
from pycylon._native import abi
from pycylon.errors import TypeMismatchError, UnsupportedError
from pycylon.interop import columns as plain
from pycylon.interop import streams
from pycylon.interop.encoded import BUFFER_TYPES, FORMATS, Encoded

if TYPE_CHECKING:
    import pandas as pd

    from pycylon.frame.base import Frame


def table_of(data: Any, copy: bool) -> abi.Table:
    """Return a table of a pandas frame or series.

    Parameters
    ----------
    data : pandas.DataFrame or pandas.Series
        The rows. NaN becomes null. A named index becomes columns, an unnamed one is dropped.
    copy : bool
        Copy the rows rather than keep their memory.
    """
    pandas = _optional.need("pandas", "DataFrame")
    if isinstance(data, pandas.Series):
        data = data.to_frame("0" if data.name is None else str(data.name))
    is_named = any(name is not None for name in data.index.names)
    data = data.reset_index(drop=not is_named)
    data.columns = [str(name) for name in data.columns]
    if not data.columns.is_unique:
        twice = next(name for name in data.columns if list(data.columns).count(name) > 1)
        raise UnsupportedError(f"two columns are called {twice!r}: rename one, the names of columns are unique")
    pyarrow = _optional.find("pyarrow")
    if pyarrow is None:
        return streams.table_of_encoded({name: encode_series(name, data[name]) for name in data.columns})
    try:
        return abi.table_from_stream(pyarrow.Table.from_pandas(data, preserve_index=False).__arrow_c_stream__(), copy)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError) as error:
        reason = "; ".join(map(str, error.args))
        raise TypeMismatchError(f"the pandas frame has a column of values of several types: {reason}") from error


def encode_series(name: str, series: Any) -> Encoded:
    """Encode a pandas series through NumPy: its missing values are nulls.

    Parameters
    ----------
    name : str
        Its name, for errors.
    series : pandas.Series or pandas.Index
        The values.
    """
    numpy = _optional.need("numpy", "a pandas column")
    missing = numpy.asarray(series.isna(), dtype=bool)
    nulls = int(missing.sum())
    dtype = series.dtype
    if dtype.name == "category":
        codes = numpy.ascontiguousarray(getattr(series, "cat", series).codes)
        valid = numpy.packbits(~missing, bitorder="little").tobytes() if nulls else None
        categories = plain.encode(name, getattr(series, "cat", series).categories.tolist())
        code = BUFFER_TYPES[codes.dtype.char]
        return Encoded(FORMATS[code], len(codes), nulls, [valid, codes], (), categories)
    if getattr(dtype, "tz", None) is not None:
        ticks = series.dt.tz_convert("UTC").dt.tz_localize(None) if hasattr(series, "dt") else series.tz_convert(None)
        encoded = plain.encode(name, ticks.to_numpy())
        return encoded._replace(format=f"{encoded.format}{dtype.tz}")
    if dtype.kind in ("M", "m"):
        return plain.encode(name, series.to_numpy())
    target = getattr(dtype, "numpy_dtype", dtype)
    if getattr(target, "kind", "O") not in "biuf":
        listed = series.astype(object).tolist()
        return plain.encode(name, [None if gone else value for value, gone in zip(listed, missing.tolist())])
    values = series.fillna(target.type(0)) if nulls and target is not dtype else series
    values = numpy.ascontiguousarray(values.to_numpy(dtype=target))
    valid = numpy.packbits(~missing, bitorder="little").tobytes() if nulls else None
    if target.kind == "b":
        return Encoded("b", len(values), nulls, [valid, numpy.packbits(values, bitorder="little").tobytes()])
    return Encoded(FORMATS[BUFFER_TYPES[target.char]], len(values), nulls, [valid, values])


def to_pandas(frame: Frame) -> pd.DataFrame:
    """Return a pandas frame of the rows here.

    Parameters
    ----------
    frame : DataFrame
        The rows.
    """
    from pycylon.interop.decode import decode

    pandas = _optional.need("pandas", "to_pandas")
    pyarrow = _optional.find("pyarrow")
    if pyarrow is not None:
        converted: pd.DataFrame = pyarrow.table(frame).to_pandas()
        return converted
    series = {}
    for (name, values), kind in zip(decode(frame._table), frame.dtypes.values()):
        series[name] = pandas.Series(values, dtype=_pandas_type(kind, None in values))
    return pandas.DataFrame(series)


def _pandas_type(kind: str, has_nulls: bool) -> Any:
    """Return the dtype that pyarrow's conversion chooses; None leaves it to pandas."""
    if kind.startswith(("float", "double")):
        return "float32" if kind == "float32" else "float64"
    if kind.startswith(("int", "uint")):
        return "float64" if has_nulls else kind
    if kind == "bool":
        return object if has_nulls else "bool"
    if kind.startswith("dictionary"):
        return "category"
    return object if kind.startswith(("date", "decimal", "time3", "time6")) else None
