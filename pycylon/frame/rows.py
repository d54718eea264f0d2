"""Rows and values in Python: iteration, functions of values, rows and columns."""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any, Literal

from pycylon.errors import InvalidError
from pycylon.frame.base import Frame
from pycylon.frame.placement import PARTITIONED
from pycylon.frame.window import frame_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pycylon.env import CylonEnv
    from pycylon.frame.core import DataFrame
    from pycylon.series import Series


class Rows(Frame):
    """Methods that hand values to Python, one by one: for small frames, and where no method does it in the core.

    They never communicate: of a partitioned frame they are about the rows here, and what they make of these is a share
    again.
    """

    __slots__ = ()

    def iterrows(self) -> Iterator[tuple[Any, dict[str, Any]]]:
        """Iterate over the rows here: each row's label and a dict of its values.

        Examples
        --------
        >>> list(pc.DataFrame({"a": [1, 2], "b": ["x", None]}).iterrows())
        [(0, {'a': 1, 'b': 'x'}), (1, {'a': 2, 'b': None})]
        """
        columns = self.local.to_dict()
        for label, values in zip(self.index, zip(*columns.values())):
            yield label, dict(zip(columns, values))

    def itertuples(self, index: bool = True, name: str | None = "Pandas") -> Iterator[tuple[Any, ...]]:
        """Iterate over the rows here as named tuples.

        Parameters
        ----------
        index : bool, default True
            Whether the first element is the row's label.
        name : str, optional
            The tuples' name; None makes plain tuples.

        Examples
        --------
        >>> [row.a for row in pc.DataFrame({"a": [1, 2]}).itertuples()]
        [1, 2]
        """
        columns = self.local.to_dict()
        values = list(columns.values())
        labelled = zip(self.index, *values) if index else zip(*values)
        if name is None:
            return labelled
        fields = ["Index", *columns] if index else list(columns)
        make: Any = namedtuple(name, fields, rename=True)  # type: ignore[misc]
        return map(make._make, labelled)

    def items(self) -> Iterator[tuple[str, Series]]:
        """Iterate over the columns: name and series."""
        for name in self.columns:
            yield name, self._column(name)

    def keys(self) -> list[str]:
        """Return the names of the columns."""
        return self.columns

    def pipe(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Return what a function makes of this frame: ``func(df, *args, **kwargs)``.

        Parameters
        ----------
        func : function
            The function.
        *args, **kwargs
            Its other arguments.
        """
        return func(self, *args, **kwargs)

    def map(self, func: Callable[[Any], Any], na_action: Literal["ignore"] | None = None) -> DataFrame:
        """Return the frame with each value replaced by what a function makes of it.

        Parameters
        ----------
        func : function
            Takes a value, None for a null.
        na_action : "ignore", optional
            Leave nulls as they are.

        Notes
        -----
        Python computes each value: a method or an operator of a column is a thousand times faster.

        Examples
        --------
        >>> pc.DataFrame({"a": ["x", None]}).map(str.upper, na_action="ignore").to_dict()
        {'a': ['X', None]}
        """
        _check_na_action(na_action, "map")
        columns = self.local.to_dict()
        return self._made({name: mapped(values, func, na_action) for name, values in columns.items()})

    applymap = map

    def apply(self, func: Callable[..., Any], axis: Literal[0, 1, "index", "columns"] = 0) -> Any:
        """Return what a function makes of each column, or of each row.

        Parameters
        ----------
        func : function
            Takes a column, a `Series`; or a row, a dict of its values.
        axis : {0, "index", 1, "columns"}, default 0
            0: of each column. Series make a frame of columns, values a frame of one row. 1: of each row here. Dicts
            make a frame, values a series.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, 2], "b": [3, 5]})
        >>> df.apply(lambda column: column.max() - column.min()).to_dict()
        {'a': [1], 'b': [2]}
        >>> df.apply(lambda row: row["a"] + row["b"], axis=1).to_list()
        [4, 7]
        """
        from pycylon.series import Series

        if axis in (1, "columns"):
            made = [func(row) for _, row in self.iterrows()]
            if made and isinstance(made[0], dict):
                names = dict.fromkeys(name for row in made for name in row)
                return self._made({name: [row.get(name) for row in made] for name in names})
            return self._made({"0": made})._column("0")
        if axis not in (0, "index"):
            raise InvalidError(f"axis={axis!r}: expected 0 or 1", op="apply")
        results = {name: func(self._column(name)) for name in self.columns}
        if all(isinstance(result, Series) for result in results.values()):
            return frame_of([series._bound(series._frame, series._expr, name) for name, series in results.items()])
        from pycylon.frame.core import DataFrame

        return DataFrame({name: [result] for name, result in results.items()})

    def equals(self, other: Frame, ordered: bool = True, env: CylonEnv | None = None) -> bool:
        """Tell whether another frame has the same columns and rows. NaN equals NaN, null equals null.

        Parameters
        ----------
        other : DataFrame
            The other frame.
        ordered : bool, default True
            Whether the rows must be in the same order.
        env : CylonEnv, optional
            Treat local frames as this rank's shares. Collective then, as on partitioned frames, whose rows may lie on
            different ranks.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, 2]})
        >>> other = pc.DataFrame({"a": [2, 1]})
        >>> df.equals(other), df.equals(other, ordered=False)
        (False, True)
        """
        if self.dtypes != other.dtypes or self.columns != other.columns:
            return False
        both: list[Any] = [self, other]
        if not ordered and self.columns:
            both = [frame.sort_values(frame.columns, env=env) for frame in both]
        where = env or self.env
        if where is not None and any(env is not None or frame.placement == "partitioned" for frame in both):
            both = [frame.repartition(env=env) for frame in both]
        same = [list(map(_plain, frame.local.to_dict().values())) for frame in both]
        differs = int(same[0] != same[1])
        if where is not None and any(frame.placement == "partitioned" for frame in both):
            differs = where.comm.allreduce(differs)
        return not differs

    def _made(self, columns: dict[str, list[Any]]) -> DataFrame:
        """Return a frame of values made of the rows here: with those of other ranks, a share."""
        from pycylon.frame.core import DataFrame
        from pycylon.interop.streams import table_of_columns

        table = table_of_columns(columns)
        if self.placement == "partitioned":
            return DataFrame._of(table, PARTITIONED, self.env)
        return DataFrame._of(table, self._placement, self.env)


def mapped(values: list[Any], func: Callable[[Any], Any], na_action: str | None) -> list[Any]:
    """Return what a function makes of values.

    Parameters
    ----------
    values : list
        The values.
    func : function
        Takes one.
    na_action : str, optional
        "ignore" leaves nulls alone.
    """
    if na_action == "ignore":
        return [None if value is None else func(value) for value in values]
    return [func(value) for value in values]


def _check_na_action(na_action: str | None, op: str) -> None:
    if na_action not in (None, "ignore"):
        raise InvalidError(f"na_action={na_action!r}: expected 'ignore' or None", op=op)


def _plain(values: list[Any]) -> list[Any]:
    """Return values in which every NaN is one that equals itself."""
    return ["NaN" if isinstance(value, float) and value != value else value for value in values]
