"""`Frame`: rows in the core, what they are, and how the methods of a `DataFrame` see them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from pycylon.errors import InvalidError, NotFoundError
from pycylon.frame.deferred import Deferred
from pycylon.frame.placement import LOCAL, Placement
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pycylon._native import abi
    from pycylon.env import CylonEnv
    from pycylon.frame.core import DataFrame
    from pycylon.series import Series

#: A column by its name, or by its position as in PyCylon.
Label = str | int


class Frame:
    """What all methods of a `DataFrame` stand on: its table, its placement and its columns' names.

    The methods themselves are in classes of their own, one subject each: `DataFrame` is all of them together.
    """

    __slots__ = ("__weakref__", "_env", "_index", "_placement", "_table")

    _table: abi.Table
    _placement: Placement
    _env: CylonEnv | None
    #: The columns that label the rows: set where there are any.
    _index: tuple[str, ...]

    @classmethod
    def _of(cls, table: abi.Table | None, placement: Placement = LOCAL, env: CylonEnv | None = None) -> DataFrame:
        """Return a frame of a table of the core."""
        if table is None:
            raise AssertionError("an operation made no rows")
        frame: Any = cls.__new__(cls)
        frame._table, frame._placement, frame._env = table, placement, env
        made: DataFrame = frame
        return made

    # ---- what it is ----

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [field.name for field in self._table.schema]

    @property
    def dtypes(self) -> dict[str, str]:
        """The types of the columns, as Arrow names them.

        Examples
        --------
        >>> pc.DataFrame({"a": [1], "b": ["x"]}).dtypes
        {'a': 'int64', 'b': 'utf8'}
        """
        return {field.name: field.type for field in self._table.schema}

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and columns; of a partitioned frame, the rows of this rank."""
        return self._table.rows, len(self._table.schema)

    @property
    def index(self) -> Any:
        """The labels of the rows here: their numbers, or the values of the columns that `set_index` flagged."""
        labels = self._labels()
        if not labels:
            return range(len(self))
        columns = self.local._project(list(labels), "index").to_dict()
        return columns[labels[0]] if len(labels) == 1 else list(zip(*columns.values()))

    @property
    def size(self) -> int:
        """The number of values here."""
        return self.shape[0] * self.shape[1]

    @property
    def ndim(self) -> int:
        """The number of dimensions: 2."""
        return 2

    @property
    def empty(self) -> bool:
        """Whether there are no rows or no columns here."""
        return 0 in self.shape

    @property
    def nbytes(self) -> int:
        """The bytes that the rows here take."""
        return self._table.nbytes

    @property
    def placement(self) -> str:
        """Where the rows are: "local", "partitioned" or "replicated"."""
        return self._placement.kind

    @property
    def env(self) -> CylonEnv | None:
        """The environment whose ranks hold the rows; None of a local frame."""
        return self._env

    @property
    def local(self) -> DataFrame:
        """The rows of this rank as a local frame: operations on it never communicate.

        Of a deferred frame whose rows will be spread over the ranks it is collective itself: it makes them.
        """
        table = self._table
        if isinstance(table, Deferred) and self.placement != "local":
            table = table.made()
        return self._same(table)

    def __len__(self) -> int:
        """Return the number of rows; of a partitioned frame, those of this rank."""
        return self._table.rows

    def __iter__(self) -> Iterator[str]:
        """Iterate over the columns' names."""
        return iter(self.columns)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is a column called `name`."""
        return name in self.columns

    def __bool__(self) -> bool:
        """Raise: a frame is neither true nor false."""
        raise TypeError("a DataFrame is neither true nor false: ask for `df.empty` or `len(df)`")

    def __eq__(self, other: object) -> NoReturn:
        """Raise: columns are compared, not frames."""
        raise TypeError(
            "frames aren't compared as a whole: compare a column, as in df['a'] == 1, look at `df is None`, or use "
            "pycylon.testing.assert_frame_equal"
        )

    __ne__ = __eq__
    __hash__ = object.__hash__

    def __getattr__(self, name: str) -> NoReturn:
        """Raise an AttributeError that says where names of pandas are."""
        from pycylon.frame.foreign import missing

        if not name.startswith("_") and name in self.columns:
            raise AttributeError(f"'DataFrame' object has no attribute {name!r}: the column is df[{name!r}]")
        raise missing(self, "df", name)

    def copy(self, deep: bool = True) -> DataFrame:
        """Return a frame of the same rows: they never change, so they are shared.

        Parameters
        ----------
        deep : bool, default True
            Accepted for pandas' scripts.
        """
        del deep
        return self.__copy__()

    def __copy__(self) -> DataFrame:
        """Return a frame of the same rows, which are shared."""
        return self._same(self._table, self._placement, self._env)

    def __deepcopy__(self, memo: object) -> DataFrame:
        """Return a frame of the same rows: they never change, so they are shared.

        Parameters
        ----------
        memo : object
            Not used.
        """
        return self.__copy__()

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the rows here as Arrow IPC: they come back as a local frame, whatever the placement."""
        from pycylon.io import from_bytes, to_bytes

        return from_bytes, (to_bytes(self), self.dtypes)

    def __repr__(self) -> str:
        """Return the first and last rows as text."""
        from pycylon.frame.display import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from pycylon.frame.display import as_html

        return as_html(self)

    # ---- how the methods see it ----

    def _same(self, table: abi.Table, placement: Placement = LOCAL, env: CylonEnv | None = None) -> DataFrame:
        """Return a frame of the same rows in another table: with their labels."""
        made = self._of(table, placement, env)
        made._index = self._labels()
        return made

    def _labels(self) -> tuple[str, ...]:
        """Return the columns that label the rows."""
        labels: tuple[str, ...] = getattr(self, "_index", ())
        return labels

    def _names(self, labels: Any) -> list[str]:
        """Return the names of the columns that `labels` gives by name or position."""
        from pycylon.series.base import Values

        if isinstance(labels, (str, int)):
            labels = [labels]
        if not isinstance(labels, Iterable) or isinstance(labels, Values):
            raise TypeError(f"columns are given by name or position, or as a list of those, not as {_kind(labels)}")
        columns = self.columns
        names = []
        for label in labels:
            if isinstance(label, int) and not isinstance(label, bool):
                if not -len(columns) <= label < len(columns):
                    raise NotFoundError(f"there is no column number {label}: there are {len(columns)}")
                names.append(columns[label])
            elif label in columns:
                names.append(label)
            else:
                raise NotFoundError(f"there is no column {label!r}: the columns are {_listed(columns)}")
        return names

    def _project(self, names: Sequence[str], operation: str, renamed: Sequence[str] | None = None) -> DataFrame:
        plan = Plan(operation, [self])
        columns = [{"name": new, "expr": {"col": old}} for new, old in zip(renamed or names, names)]
        plan.node("project", inputs=plan.inputs, columns=columns)
        return plan.run()

    def _renamed(self, names: Sequence[str]) -> DataFrame:
        own = self.columns
        if len(names) != len(own):
            raise InvalidError(f"{len(names)} names were given for {len(own)} columns", op="rename")
        return self._project(own, "rename", [str(name) for name in names])

    def _column(self, name: str) -> Series:
        from pycylon.expr import Column
        from pycylon.series import Series

        # Of the rows as they are now: `df["x"] = ...` changes what `df` holds.
        return Series._bound(self._same(self._table, self._placement, self._env), Column(name), name)


def _kind(labels: object) -> str:
    return "None" if labels is None else f"a {type(labels).__name__}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:10])
    return shown + (f", ... ({len(names)} in all)" if len(names) > 10 else "") if names else "none"
