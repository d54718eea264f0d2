"""`Series`: a column of a frame, or an expression of its columns."""

from __future__ import annotations

from pycylon.expr import Column
from pycylon.series.choices import Choices
from pycylon.series.dates import Dates
from pycylon.series.index import Indexed
from pycylon.series.numeric import Numeric
from pycylon.series.operators import Operators
from pycylon.series.order import Ordering
from pycylon.series.rows import Rows
from pycylon.series.stats import Statistics
from pycylon.series.strings import Strings
from pycylon.series.summary import Summaries
from pycylon.series.window import Neighbours


class Series(Operators, Indexed, Choices, Numeric, Neighbours, Ordering, Statistics, Summaries, Rows):
    """A column of a frame, or an expression of its columns, computed when it is looked at.

    Parameters
    ----------
    series_id : str, optional
        The name.
    data : object, optional
        A list, a NumPy array or a single Arrow column.

    Notes
    -----
    Operators and methods make new series over the same frame, to be assigned (``df["c"] = df["a"] + df["b"]``), to
    filter by (``df[df["a"] > 3]``) or to be looked at. A null in makes a null out; a mask keeps the rows where it is
    true. An integer result that doesn't fit its type is an `IntegerOverflowError`, never a wrapped number; ``/`` by
    zero gives an infinity or NaN, ``//`` and ``%`` of integers by zero give null.

    Examples
    --------
    >>> import pycylon as pc
    >>> df = pc.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "x"]})
    >>> df[(df["a"] > 1) & (df["b"] == "x")].to_dict()
    {'a': [3], 'b': ['x']}
    >>> (1 - df["a"] / 2).to_list()
    [0.5, 0.0, -0.5]
    """

    __slots__ = ()

    def __init__(self, series_id: str | None = None, data: object = None) -> None:
        from pycylon.frame.core import DataFrame

        if not (series_id is None or isinstance(series_id, str)):
            raise TypeError(f"the name comes first, as in Series('a', [1, 2]), not a {type(series_id).__name__}")
        name = "0" if series_id is None else series_id
        self._frame, self._expr, self.name = DataFrame({name: [] if data is None else data}), Column(name), name

    @property
    def str(self) -> Strings:
        """The functions of strings: ``df["s"].str.upper()``."""
        return Strings(self)

    @property
    def dt(self) -> Dates:
        """The functions of dates and durations: ``df["d"].dt.year``."""
        return Dates(self)
