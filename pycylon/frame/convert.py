"""Rows out of a frame: Arrow, pandas, Polars, NumPy, Python objects, CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pycylon.errors import InvalidError
from pycylon.frame.base import Frame

if TYPE_CHECKING:
    import os

    import numpy
    import pandas
    import polars
    import pyarrow


class Converting(Frame):
    """Methods that hand the rows here to others."""

    __slots__ = ()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return a PyCapsule around an Arrow C stream of the rows here, without a copy.

        Parameters
        ----------
        requested_schema : object, optional
            Ignored, as Arrow's protocol allows.
        """
        return self._table.stream()

    def to_arrow(self) -> pyarrow.Table:
        """Return the rows here as a pyarrow table, without a copy."""
        from pycylon import _optional

        return _optional.need("pyarrow", "to_arrow").table(self)

    def to_pandas(self) -> pandas.DataFrame:
        """Return the rows here as a pandas frame. Nulls become what pandas has for them: NaN, NaT, None."""
        from pycylon.interop.pandas import to_pandas

        return to_pandas(self)

    def to_polars(self) -> polars.DataFrame:
        """Return the rows here as a Polars frame."""
        from pycylon import _optional

        return _optional.need("polars", "to_polars").DataFrame(self)

    def to_numpy(self) -> numpy.ndarray[Any, Any]:
        """Return the rows here as a two-dimensional NumPy array, of a type that holds all columns."""
        values: numpy.ndarray[Any, Any] = self.to_pandas().to_numpy()
        return values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> numpy.ndarray[Any, Any]:
        """Return the rows here for ``numpy.asarray``, which would take the columns' names otherwise.

        Parameters
        ----------
        dtype : object, optional
            The type of the values.
        copy : bool, optional
            False is refused: the values are always copied.
        """
        if copy is False:
            raise ValueError("the rows of a DataFrame can't become an array without a copy")
        values = self.to_numpy()
        return values if dtype is None else values.astype(dtype)

    def to_dict(self, orient: Literal["list", "records"] = "list") -> Any:
        """Return the rows here as Python objects.

        Parameters
        ----------
        orient : {"list", "records"}, default "list"
            A dict of columns, or a list of rows.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, None]})
        >>> df.to_dict()
        {'a': [1, None]}
        >>> df.to_dict("records")
        [{'a': 1}, {'a': None}]
        """
        from pycylon.interop.decode import decode

        columns = decode(self._table)
        if orient == "list":
            return dict(columns)
        if orient == "records":
            names = [name for name, _ in columns]
            return [dict(zip(names, row)) for row in zip(*[values for _, values in columns])]
        raise InvalidError(f"orient={orient!r}: expected 'list' or 'records'", op="to_dict")

    to_pydict = to_dict

    def to_csv(
        self, path: str | os.PathLike[str], sep: str = ",", na_rep: str = "", header: bool = True, index: bool = False
    ) -> None:
        """Write the rows to a CSV file.

        A partitioned frame is refused: write each rank's share to a file of its own, as
        ``df.local.to_csv(f"out-{env.rank}.csv")``, or bring the rows to one rank with `gather`.

        Parameters
        ----------
        path : path-like
            The file, replaced if it exists.
        sep : str, default ","
            What stands between two values.
        na_rep : str, default ""
            What stands for a null.
        header : bool, default True
            Whether the first line has the columns' names.
        index : bool, default False
            Accepted for pandas' scripts; rows have no index to write, so True is refused.
        """
        from pycylon.io import write_csv

        write_csv(self, path, sep=sep, na_rep=na_rep, header=header, index=index)
