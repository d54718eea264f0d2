"""Rows by number and by label: `iloc`, `loc`, `set_index`, `reset_index`, `sort_index`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon.errors import InvalidError, NotFoundError
from pycylon.expr import Call, Column, Expr
from pycylon.expr import Literal as Value
from pycylon.frame.base import Frame, Label
from pycylon.frame.indexing import get, masked, positions, rows, take
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.env import CylonEnv
    from pycylon.frame.core import DataFrame


class Indexed(Frame):
    """Methods that find rows by their number or label.

    The index is columns that are flagged as labels: they stay ordinary columns, and operations that keep rows (filters,
    slices, sorts ...) keep the flag. Without one, rows are labelled by their numbers, from 0 on.
    """

    __slots__ = ()

    @property
    def index_names(self) -> list[str]:
        """The columns that label the rows; none where these are numbered."""
        return list(self._labels())

    @property
    def iloc(self) -> ByNumber:
        """Rows, and columns, by number: ``df.iloc[2]``, ``df.iloc[2:5]``, ``df.iloc[[0, 2], 1]``.

        A row is a dict of its values. Numbers count the rows of a partitioned frame in the order of the ranks;
        collective then.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
        >>> df.iloc[-1]
        {'a': 3, 'b': 'z'}
        >>> df.iloc[1:, 0].to_list()
        [2, 3]
        >>> df.iloc[0, 1]
        'x'
        """
        return ByNumber(self)

    @property
    def loc(self) -> ByLabel:
        """Rows by condition or label, and columns by name: ``df.loc[df["a"] > 1, ["b"]]``, ``df.loc["x"]``.

        A slice of labels includes both ends: of row numbers where there is no index, or else of the values of an index
        of one column, in their order. A label gives the rows that have it. Collective on a partitioned frame.

        Examples
        --------
        >>> df = pc.DataFrame({"k": ["x", "y", "z"], "v": [1, 2, 3]})
        >>> df.loc[df["v"] > 1, "k"].to_list()
        ['y', 'z']
        >>> df.loc[0:1, ["v"]].to_dict()
        {'v': [1, 2]}
        >>> df.set_index("k").loc["y", "v"].to_list()
        [2]
        """
        return ByLabel(self)

    def set_index(
        self,
        keys: Label | Sequence[Label],
        drop: bool = True,
        append: bool = False,
        inplace: bool = False,
        verify_integrity: bool = False,
    ) -> DataFrame | None:
        """Return the frame with columns flagged as the labels of its rows.

        Parameters
        ----------
        keys : str or sequence of str
            The columns: they come first, and stay columns.
        drop : bool, default True
            Accepted for pandas' scripts.
        append : bool, default False
            Keep those that are flagged already.
        inplace : bool, default False
            Change this frame, and return None.
        verify_integrity : bool, default False
            Refuse labels that several rows have. Collective on a partitioned frame.

        Examples
        --------
        >>> df = pc.DataFrame({"v": [2, 1], "k": ["b", "a"]}).set_index("k")
        >>> df.columns, df.index_names
        (['k', 'v'], ['k'])
        >>> df.sort_index()["v"].to_list()
        [1, 2]
        """
        del drop
        names = [*(self._labels() if append else ()), *self._names(keys)]
        if not names:
            raise InvalidError("there are no columns to be the index", op="set_index")
        if verify_integrity and self._project(names, "set_index").duplicated().any():
            raise InvalidError(f"several rows have the same {' and '.join(names)}", op="set_index")
        made = self._project([*names, *(name for name in self.columns if name not in names)], "set_index")
        made._index = tuple(names)
        return self._become(made, inplace)

    def reset_index(self, level: object = None, drop: bool = False, inplace: bool = False) -> DataFrame | None:
        """Return the frame without an index: its columns are columns like others, or dropped.

        Parameters
        ----------
        level : object, optional
            Accepted if None: all of the index.
        drop : bool, default False
            Whether to drop its columns.
        inplace : bool, default False
            Change this frame, and return None.
        """
        if level is not None:
            raise InvalidError("level= isn't supported: the whole index is reset", op="reset_index")
        labels = self._labels()
        if drop and labels:
            made = self._project([name for name in self.columns if name not in labels], "reset_index")
        else:
            made = self._of(self._table, self._placement, self._env)
        made._index = ()
        return self._become(made, inplace)

    def sort_index(
        self, ascending: bool = True, *, na_position: Any = "last", env: CylonEnv | None = None
    ) -> DataFrame:
        """Return the rows in the order of their labels.

        Parameters
        ----------
        ascending : bool, default True
            Whether the least is the first. Numbered rows are in order; reversed, the last is the first.
        na_position : {"last", "first"}, default "last"
            Where null labels go.
        env : CylonEnv, optional
            As of `sort_values`.
        """
        labels = list(self._labels())
        if labels:
            return self._self().sort_values(labels, ascending, na_position=na_position, env=env)
        if ascending:
            return self._of(self._table, self._placement, self._env)
        name = "number"
        while name in self.columns:
            name = f"({name})"
        number: dict[str, Any] = {name: "row_number"}
        numbered = self._self().window(env=env, **number)
        return numbered.sort_values(name, ascending=False).drop(name)

    def _become(self, made: DataFrame, inplace: bool) -> DataFrame | None:
        if not inplace:
            return made
        self._table, self._placement, self._env, self._index = made._table, made._placement, made._env, made._index
        return None

    def _self(self) -> DataFrame:
        itself: Any = self
        frame: DataFrame = itself
        return frame


def _only(frame: Frame, columns: Any) -> Any:
    """Return some columns of a frame: by a slice of numbers or names, a list, or a single one."""
    names = frame.columns
    if isinstance(columns, slice):
        if any(isinstance(end, str) for end in (columns.start, columns.stop)):
            first = 0 if columns.start is None else names.index(frame._names(columns.start)[0])
            last = len(names) - 1 if columns.stop is None else names.index(frame._names(columns.stop)[0])
            return frame._project(names[first : last + 1], "loc")
        return frame._project(names[columns], "iloc")
    return get(frame, columns)


class ByNumber:
    """``df.iloc``.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    """

    __slots__ = ("_frame",)

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def __getitem__(self, key: Any) -> Any:
        """Return rows by number, of some columns.

        Parameters
        ----------
        key : int, slice, list of int, or a pair of that and columns
            Which.
        """
        which, columns = key if isinstance(key, tuple) and len(key) == 2 else (key, slice(None))
        frame: Any = self._frame if columns == slice(None) else _only(self._frame, columns)
        if isinstance(which, int) and not isinstance(which, bool):
            row = _row(_framed(frame), which)
            return row if isinstance(columns, (slice, list)) else next(iter(row.values()))
        if isinstance(which, slice):
            return frame if which == slice(None) else frame[which]
        if isinstance(which, (list, tuple, range)):
            size = len(self._frame)
            taken = take(_framed(frame), [n + size if n < 0 else n for n in positions(self._frame, which, "iloc")])
            return taken if isinstance(frame, Frame) else taken._column(frame.name)
        raise TypeError(f"iloc takes numbers, slices and lists of numbers, not {type(which).__name__}")


def _framed(columns: Any) -> DataFrame:
    """Return a frame or the frame of a series."""
    made: Any = columns if isinstance(columns, Frame) else columns.to_frame()
    return made  # type: ignore[no-any-return]


def _row(frame: Frame, number: int) -> dict[str, Any]:
    """Return a row by its number, on every rank the same."""
    end = None if number == -1 else number + 1
    found = rows(frame, slice(number, end), "iloc")
    if found.placement == "partitioned":
        found = found.replicate()
    records: list[dict[str, Any]] = found.to_dict("records")
    if len(records) != 1:
        raise NotFoundError(f"there is no row {number}", op="iloc")
    return records[0]


class ByLabel:
    """``df.loc``.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    """

    __slots__ = ("_frame",)

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def __getitem__(self, key: Any) -> Any:
        """Return rows by condition or label, of some columns.

        Parameters
        ----------
        key : Series, label, slice, list of labels, or a pair of that and columns
            Which.
        """
        from pycylon.series import Series

        labels = self._frame._labels()
        which, columns = key, slice(None)
        if isinstance(key, tuple) and len(key) == 2 and len(labels) < 2:
            which, columns = key
        if isinstance(which, Series):
            found: Any = masked(self._frame, which)
        elif isinstance(which, slice) and which == slice(None):
            found = self._frame
        elif not labels:
            found = self._numbered(which)
        else:
            found = self._labelled(which, labels)
        return found if isinstance(columns, slice) and columns == slice(None) else _only(found, columns)

    def _numbered(self, which: Any) -> Any:
        if isinstance(which, slice):
            start, stop = which.start, which.stop
            if any(n is not None and (not isinstance(n, int) or n < 0) for n in (start, stop)):
                raise InvalidError("rows without an index are labelled 0, 1, 2 ...", op="loc")
            return rows(self._frame, slice(start, None if stop is None else stop + 1), "loc")
        if isinstance(which, int) and not isinstance(which, bool):
            return rows(self._frame, slice(which, which + 1) if which >= 0 else slice(0, 0), "loc")
        if isinstance(which, (list, tuple, range)):
            return take(self._frame, positions(self._frame, which, "loc"))
        raise TypeError(f"loc takes conditions, labels, slices and lists of labels, not {type(which).__name__}")

    def _labelled(self, which: Any, labels: Sequence[str]) -> Any:
        first = self._frame._column(labels[0])
        if isinstance(which, slice):
            if len(labels) > 1:
                raise InvalidError("a slice of labels needs an index of one column", op="loc")
            if which.step is not None or which.start is which.stop is None:
                raise InvalidError("a slice of labels has no steps: give its first and last label", op="loc")
            tests = []
            if which.start is not None:
                tests.append(first >= which.start)
            if which.stop is not None:
                tests.append(first <= which.stop)
            return masked(self._frame, tests[0] if len(tests) == 1 else tests[0] & tests[1])
        if isinstance(which, list):
            if len(labels) > 1:
                raise InvalidError("a list of labels needs an index of one column", op="loc")
            return masked(self._frame, first.isin(which))
        values = which if isinstance(which, tuple) else (which,)
        if len(values) > len(labels):
            raise InvalidError(f"{len(values)} labels for an index of {len(labels)} columns", op="loc")
        test: Expr | None = None
        for name, value in zip(labels, values):
            equal = Call("eq", (Column(name), Value(value)))
            test = equal if test is None else Call("and", (test, equal))
        plan = Plan("loc", [self._frame])
        predicate = (test or Value(True)).to_json(plan)
        plan.node("filter", inputs=plan.inputs, predicate=predicate)
        return plan.run()
