"""`Values`: an expression over the columns of a frame, and how the methods of a `Series` see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from pycylon.arguments import whole
from pycylon.errors import InvalidError
from pycylon.expr import Among, Call, Column, Expr, Literal, is_windowed
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy
    import pandas

    from pycylon.frame.core import DataFrame
    from pycylon.series.core import Series


class Values:
    """What all methods of a `Series` stand on: its frame, its expression and its name.

    The methods themselves are in classes of their own, one subject each: `Series` is all of them together.
    """

    __slots__ = ("_expr", "_frame", "name")

    _frame: DataFrame
    _expr: Expr
    name: str

    @classmethod
    def _bound(cls, frame: DataFrame, expr: Expr, name: str) -> Series:
        series: Any = cls.__new__(cls)
        series._frame, series._expr, series.name = frame, expr, name
        made: Series = series
        return made

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
        made = plan.run()
        made._index = ()
        return made

    def _here(self) -> DataFrame:
        """Return a local frame of the values here: to look at them communicates only if other rows make them."""
        if self._frame.placement == "partitioned" and is_windowed(self._expr):
            return self.to_frame().local
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

    def __getitem__(self, key: int | slice | Series) -> Any:
        """Return the value at a position, or the series of a slice of rows, or of those where a mask is true.

        Parameters
        ----------
        key : int, slice or Series
            Which.
        """
        if isinstance(key, (Values, slice)):
            return self._rows(key)
        key, size = whole(key, "row", "series[...]"), len(self)
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

    # ---- how the methods see it ----

    def _rows(self, key: slice | Values) -> Series:
        """Return the series of a slice of rows, or of those where a mask is true."""
        if not is_windowed(self._expr):
            return self._bound(self._frame[key], self._expr, self.name)
        # The values are computed before rows are left out: those may be among what they are made of.
        name = "(values)"
        while name in self._frame.columns:
            name = f"({name})"
        if isinstance(key, Values):
            expr = self._argument(key, "filter")
            valued = self._frame.assign(**{name: self})
            key = self._bound(valued, expr, key.name)
        else:
            valued = self._frame.assign(**{name: self})
        return self._bound(valued[key], Column(name), self.name)

    def _with(
        self, function: str, *others: object, type: str | None = None, reflected: bool = False, **options: Any
    ) -> Series:
        """Return the series of a function of this one and others; reflected, of another and this one."""
        arguments = [self._expr, *(self._argument(other, function) for other in others)]
        if reflected:
            arguments.reverse()
        return self._bound(self._frame, Call(function, tuple(arguments), type, options), self.name)

    def _looked_up(self, pairs: Mapping[Any, Any], other: Expr) -> Series:
        """Return what each value stands for, and `other` where it stands for nothing: a hash table in the core."""
        from pycylon.interop.streams import table_of_columns

        keys = [None if key is None or key != key else key for key in pairs]
        table = table_of_columns({"keys": keys, "values": list(pairs.values())})
        arguments = (self._expr, other, Among(table, 0), Among(table, 1))
        return self._bound(self._frame, Call("lookup", arguments), self.name)

    def _argument(self, other: object, function: str) -> Expr:
        if isinstance(other, Values):
            if other._frame._table is not self._frame._table:
                raise InvalidError(
                    "two columns of different frames can't be combined: merge the frames first", op=function
                )
            return other._expr
        if isinstance(other, (list, tuple, dict, set)) or bool(getattr(other, "ndim", False)):
            raise TypeError(
                f"a column can be combined with a value or a column of its frame, not with a {_type(other).__name__}"
            )
        return Literal(other)


_type = type  # `type` is also a parameter's name
