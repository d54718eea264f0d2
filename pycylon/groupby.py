"""`GroupBy`: rows grouped by equal keys, waiting for an aggregate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from pycylon.errors import InvalidError
from pycylon.frame.plan import Plan
from pycylon.frame.window import frame_of
from pycylon.window import GroupWindows, Within

if TYPE_CHECKING:
    from pycylon.env import CylonEnv
    from pycylon.frame.base import Frame, Label
    from pycylon.frame.core import DataFrame
    from pycylon.series import Series

#: The aggregates by every name they go by.
FUNCTIONS = {"sum": "sum", "min": "min", "max": "max", "mean": "mean", "count": "count", "cnt": "count"}


class GroupBy(GroupWindows):
    """Rows grouped by equal keys. `DataFrame.groupby` makes it.

    The keys are the first columns of a result, which is in their order unless ``sort=False``. Nulls and NaN are missing
    for every aggregate: the sum of nothing is 0, its min, max and mean are null. The sum of integers is exact, or an
    `IntegerOverflowError`.

    Parameters
    ----------
    frame : DataFrame
        The rows.
    keys : list of str
        The keys.
    sort, dropna, env
        As in `DataFrame.groupby`.
    selected : list of str, optional
        The columns that an aggregate of all columns takes.
    is_column : bool, default False
        Whether that is a single column, of which a `Series` is made.
    """

    def __init__(
        self,
        frame: Frame,
        keys: list[str],
        *,
        sort: bool,
        dropna: bool,
        env: CylonEnv | None,
        selected: list[str] | None = None,
        is_column: bool = False,
    ) -> None:
        if not keys:
            raise InvalidError("there are no columns to group by", op="groupby")
        self._frame, self._keys, self._sort, self._dropna, self._env = frame, keys, sort, dropna, env
        self._selected, self._is_column = selected, is_column

    def __getitem__(self, columns: Label | Sequence[Label]) -> GroupBy:
        """Return the groups with fewer columns to aggregate.

        Parameters
        ----------
        columns : str or sequence of str
            Which.
        """
        return GroupBy(
            self._frame,
            self._keys,
            sort=self._sort,
            dropna=self._dropna,
            env=self._env,
            selected=self._frame._names(columns),
            is_column=isinstance(columns, (str, int)),
        )

    def __iter__(self) -> NoReturn:
        """Raise: groups are aggregated where they are."""
        raise TypeError("groups can't be iterated over: aggregate them, or group the rows of `df.to_pandas()`")

    def agg(self, how: Any = None, **named: tuple[Label, str]) -> DataFrame:
        """Return one row per group.

        Parameters
        ----------
        how : str, list or dict, optional
            An aggregate of all columns ("sum"), or aggregates by column: ``{"a": "sum"}`` makes a column "a",
            ``{"a": ["min", "max"]}`` makes "a_min" and "a_max".
        **named : (str, str)
            Columns of the result: ``total=("a", "sum")``. The aggregates are sum, min, max, mean and count.

        Examples
        --------
        >>> import pycylon as pc
        >>> df = pc.DataFrame({"k": ["a", "a", "b"], "v": [1, 3, None]})
        >>> df.groupby("k").agg({"v": ["sum", "mean"]}).to_dict()
        {'k': ['a', 'b'], 'v_sum': [4, 0], 'v_mean': [2.0, None]}
        """
        aggregates: list[dict[str, str]] = []

        def add(name: str, column: Label, function: Any) -> None:
            if not isinstance(function, str):  # sum, numpy.mean
                function = getattr(function, "__name__", function)
            if not isinstance(function, str) or function not in FUNCTIONS:
                known = ", ".join(dict.fromkeys(FUNCTIONS.values()))
                raise InvalidError(f"there is no aggregate {function!r}: expected one of {known}", op="groupby")
            source = self._frame._names(column)[0]
            aggregates.append({"name": name, "fn": FUNCTIONS[function], "column": source})

        if how is not None and not isinstance(how, Mapping):
            how = dict.fromkeys(self._values(), how)
        for column, functions in (how or {}).items():
            label = self._frame._names(column)[0]
            if not isinstance(functions, (list, tuple)):
                add(label, column, functions)
                continue
            for function in functions:
                add(f"{label}_{getattr(function, '__name__', function)}", column, function)
        for name, given in named.items():
            pair: Any = given
            if hasattr(pair, "aggfunc"):  # pandas.NamedAgg
                pair = pair.column, pair.aggfunc
            if not (isinstance(pair, tuple) and len(pair) == 2):
                raise InvalidError(
                    f"{name}={pair!r}: expected a column and an aggregate, as in {name}=('a', 'sum')", op="groupby"
                )
            add(name, *pair)
        if not aggregates:
            raise InvalidError("there is nothing to aggregate: name columns, as in total=('a', 'sum')", op="groupby")
        plan = Plan("groupby", [self._frame], self._env)
        plan.node("group", inputs=plan.inputs, keys=self._keys, aggs=aggregates, dropna=self._dropna, sort=self._sort)
        return plan.run()

    aggregate = agg

    def _windowed(self, make: Callable[[Series, Within], Series]) -> Any:
        made = [make(self._frame._column(name), self._within()) for name in self._values()]
        return made[0] if self._is_column else frame_of(made)

    def _values(self) -> list[str]:
        if self._selected is not None:
            return self._selected
        return [name for name in self._frame.columns if name not in self._keys]

    def sum(self) -> DataFrame:
        """Return the sums of all columns: true counts as 1; strings, dates and timestamps are refused."""
        return self.agg("sum")

    def mean(self) -> DataFrame:
        """Return the means of all columns; strings, dates and timestamps are refused."""
        return self.agg("mean")

    def min(self) -> DataFrame:
        """Return the least values of all columns."""
        return self.agg("min")

    def max(self) -> DataFrame:
        """Return the greatest values of all columns."""
        return self.agg("max")

    def count(self) -> DataFrame:
        """Return the numbers of values of all columns that aren't missing."""
        return self.agg("count")
