"""`Series`: a column of a frame, or an expression of its columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from pycylon.errors import InvalidError
from pycylon.expr import Call, Column, Expr, Literal
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy
    import pandas

    from pycylon.frame.core import DataFrame


class Series:
    """A column of a frame, or an expression of its columns, computed when it is looked at.

    Parameters
    ----------
    series_id : str, optional
        The name.
    data : object, optional
        A list, a NumPy array or a single Arrow column.

    Notes
    -----
    Comparisons and ``& | ~`` make new series over the same frame, for ``df[mask]``. Null compared with anything is
    null; a mask keeps the rows where it is true.

    Examples
    --------
    >>> import pycylon as pc
    >>> df = pc.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "x"]})
    >>> df[(df["a"] > 1) & (df["b"] == "x")].to_dict()
    {'a': [3], 'b': ['x']}
    """

    __slots__ = ("_expr", "_frame", "name")

    _frame: DataFrame
    _expr: Expr
    name: str

    def __init__(self, series_id: str | None = None, data: object = None) -> None:
        from pycylon.frame.core import DataFrame

        if not (series_id is None or isinstance(series_id, str)):
            raise TypeError(f"the name comes first, as in Series('a', [1, 2]), not a {type(series_id).__name__}")
        name = "0" if series_id is None else series_id
        self._frame, self._expr, self.name = DataFrame({name: [] if data is None else data}), Column(name), name

    @classmethod
    def _bound(cls, frame: DataFrame, expr: Expr, name: str) -> Series:
        series = cls.__new__(cls)
        series._frame, series._expr, series.name = frame, expr, name
        return series

    # ---- what it is ----

    def to_frame(self, name: str | None = None) -> DataFrame:
        """Return a frame of this one column.

        Parameters
        ----------
        name : str, optional
            Its name. Default: the series' own.

        Notes
        -----
        Collective on a partitioned frame, although no row moves.
        """
        plan = Plan("to_frame", [self._frame])
        column = {"name": self.name if name is None else name, "expr": self._expr.to_json(plan)}
        plan.node("project", inputs=plan.inputs, columns=[column])
        return plan.run()

    def _here(self) -> DataFrame:
        """Return a local frame of the values here: to look at them never communicates."""
        return self._bound(self._frame.local, self._expr, self.name).to_frame()

    @property
    def id(self) -> str:
        """The name, as PyCylon calls it."""
        return self.name

    @property
    def dtype(self) -> str:
        """The type, as Arrow names it."""
        if isinstance(self._expr, Column):
            return self._frame.dtypes[self._expr.name]
        return self._bound(self._frame.lazy(), self._expr, self.name).to_frame().dtypes[self.name]

    @property
    def shape(self) -> tuple[int]:
        """The number of rows; of a partitioned frame, those of this rank."""
        return (len(self),)

    def __len__(self) -> int:
        """Return the number of rows; of a partitioned frame, those of this rank."""
        return len(self._frame)

    def __getitem__(self, key: int | slice) -> Any:
        """Return the value at a position, or the series of a slice of rows.

        Parameters
        ----------
        key : int or slice
            Which.
        """
        if isinstance(key, slice):
            return (
                self._frame[key]._column(self.name)
                if isinstance(self._expr, Column)
                else self.to_frame()[key][self.name]
            )
        size = len(self)
        if not -size <= key < size:
            raise IndexError(f"there is no row {key}: there are {size}")
        values: list[Any] = self._here().take([key % size]).to_dict()[self.name]
        return values[0]

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the values here."""
        return iter(self.to_list())

    def __bool__(self) -> NoReturn:
        """Raise: a series is neither true nor false."""
        raise TypeError("a Series is neither true nor false: combine comparisons with & and |, in parentheses, and ~")

    def __getattr__(self, name: str) -> NoReturn:
        """Raise an AttributeError that says where names of pandas are."""
        from pycylon.frame.foreign import missing

        raise missing(self, "series", name)

    def __repr__(self) -> str:
        """Return the first and last values as text."""
        from pycylon.frame.core import DataFrame

        return repr(DataFrame._of(self._here()._table, self._frame._placement, self._frame._env))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return a PyCapsule around an Arrow C stream of a table of this one column.

        Parameters
        ----------
        requested_schema : object, optional
            Ignored, as Arrow's protocol allows.
        """
        return self._here().__arrow_c_stream__()

    def to_list(self) -> list[Any]:
        """Return the values here as Python objects."""
        values: list[Any] = self._here().to_dict()[self.name]
        return values

    def to_pandas(self) -> pandas.Series:
        """Return the values here as a pandas series."""
        return self._here().to_pandas()[self.name]

    def to_numpy(self) -> numpy.ndarray[Any, Any]:
        """Return the values here as a NumPy array."""
        values: numpy.ndarray[Any, Any] = self.to_pandas().to_numpy()
        return values

    # ---- expressions ----

    def _with(self, function: str, *others: object, type: str | None = None) -> Series:
        """Return the series of a function of this one and others."""
        arguments = (self._expr, *(self._argument(other, function) for other in others))
        return self._bound(self._frame, Call(function, arguments, type), self.name)

    def _argument(self, other: object, function: str) -> Expr:
        if isinstance(other, Series):
            if other._frame._table is not self._frame._table:
                raise InvalidError(
                    "two columns of different frames can't be combined: merge the frames first", op=function
                )
            return other._expr
        if isinstance(other, (list, tuple, dict, set)):
            raise TypeError(
                f"a column can be compared with a value or a column of its frame, not with a {type(other).__name__}"
            )
        return Literal(other)

    def __eq__(self, other: object) -> Series:  # type: ignore[override]
        """Compare value by value."""
        return self._with("eq", other)

    def __ne__(self, other: object) -> Series:  # type: ignore[override]
        """Compare value by value."""
        return self._with("ne", other)

    def __lt__(self, other: object) -> Series:
        """Compare value by value."""
        return self._with("lt", other)

    def __le__(self, other: object) -> Series:
        """Compare value by value."""
        return self._with("le", other)

    def __gt__(self, other: object) -> Series:
        """Compare value by value."""
        return self._with("gt", other)

    def __ge__(self, other: object) -> Series:
        """Compare value by value."""
        return self._with("ge", other)

    __hash__ = None  # type: ignore[assignment]

    def __and__(self, other: object) -> Series:
        """Tell where both are true."""
        return self._with("and", other)

    __rand__ = __and__

    def __or__(self, other: object) -> Series:
        """Tell where either is true."""
        return self._with("or", other)

    __ror__ = __or__

    def __invert__(self) -> Series:
        """Tell where it is false."""
        return self._with("not")

    def isna(self) -> Series:
        """Tell where it is null or NaN."""
        missing = self._with("is_null")
        return missing | (self != self) if self.dtype in ("float32", "float64") else missing

    isnull = isna

    def notna(self) -> Series:
        """Tell where it is neither null nor NaN."""
        return ~self.isna()

    notnull = notna

    def astype(self, dtype: str | type) -> Series:
        """Return the values in another type.

        Parameters
        ----------
        dtype : str or type
            A type's name ("int64", "float32", "utf8"), or ``int``, ``float``, ``bool``, ``str``.

        Notes
        -----
        Numbers and booleans become each other, and text as Python writes it ("1.0", "True"); text becomes what it says,
        or an `InvalidError` where it says no value of the type. Nulls stay nulls. A cast is computed when the series is
        looked at or assigned; so is its error raised.

        Examples
        --------
        >>> df = pc.DataFrame({"id": ["7", None, "8"]})
        >>> df["id"] = df["id"].astype(int)
        >>> df.to_dict()
        {'id': [7, None, 8]}
        """
        from pycylon.interop.columns import plan_type

        return self._with("cast", type=plan_type(dtype))

    def between(self, left: object, right: object) -> Series:
        """Tell where it is at least `left` and at most `right`.

        Parameters
        ----------
        left, right : scalar or Series
            The bounds.
        """
        return (self >= left) & (self <= right)

    def isin(self, values: Iterable[object]) -> Series:
        """Tell where it equals one of some values: false where it is null or NaN, unless that is one of them.

        Parameters
        ----------
        values : iterable
            The values.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, 2, 3]})
        >>> df[df["a"].isin([1, 3])].to_dict()
        {'a': [1, 3]}
        """
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise TypeError(f"isin needs a list of values, not {values!r}")
        listed = list(values)
        missing = [value for value in listed if value is None or value != value]
        tests = [self == value for value in listed if not (value is None or value != value)]
        if not tests:
            return self.isna() if missing else self._bound(self._frame, Literal(False), self.name)
        while len(tests) > 1:  # pairs of pairs: an expression that is not deep
            tests = [a | b for a, b in zip(tests[::2], tests[1::2])] + tests[len(tests) & ~1 :]
        return tests[0] | self.isna() if missing else tests[0] & self.notna()
