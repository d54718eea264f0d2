"""The columns of a frame: added, computed (`DataFrame.assign`, ``df["x"] = ...``), renamed, dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pycylon.errors import InvalidError
from pycylon.expr import Call, Column, Expr, Literal, Over
from pycylon.frame.base import Frame, Label
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from pycylon.frame.core import DataFrame
    from pycylon.series import Series


class Columns(Frame):
    """Methods that add, drop and rename columns."""

    __slots__ = ()

    def rename(self, columns: Mapping[str, str] | Callable[[str], str] | Sequence[str]) -> DataFrame:
        """Return the frame with other column names.

        Parameters
        ----------
        columns : mapping, function or sequence of str
            New names by old ones, or all of them.

        Notes
        -----
        Collective on a partitioned frame, although no row moves: one rank alone renames columns of ``df.local``.
        """
        if isinstance(columns, str):
            raise InvalidError(f"columns={columns!r}: expected a dict of new names by old ones", op="rename")
        if callable(columns):
            return self._renamed([columns(name) for name in self.columns])
        if isinstance(columns, Mapping):
            return self._renamed([columns.get(name, name) for name in self.columns])
        return self._renamed(columns)

    def drop(self, columns: Label | Sequence[Label]) -> DataFrame:
        """Return the frame without some columns.

        Parameters
        ----------
        columns : str or sequence of str
            Which.

        Notes
        -----
        Collective on a partitioned frame, although no row moves: one rank alone drops columns of ``df.local``.
        """
        gone = set(self._names(columns))
        return self._project([name for name in self.columns if name not in gone], "drop")

    def add_prefix(self, prefix: str) -> DataFrame:
        """Return the frame with a text before each column's name.

        Parameters
        ----------
        prefix : str
            The text.
        """
        return self._renamed([prefix + name for name in self.columns])

    def add_suffix(self, suffix: str) -> DataFrame:
        """Return the frame with a text behind each column's name.

        Parameters
        ----------
        suffix : str
            The text.
        """
        return self._renamed([name + suffix for name in self.columns])

    def select_dtypes(self, include: Any = None, exclude: Any = None) -> DataFrame:
        """Return the columns of some types.

        Parameters
        ----------
        include, exclude : str, type or sequence of those, optional
            Types as `dtypes` names them; or "number", "integer", "floating", "string" ("object"), "bool" ("boolean"),
            "datetime", `int`, `float`, `str`, `bool`.

        Examples
        --------
        >>> pc.DataFrame({"a": [1], "b": [0.5], "c": ["x"]}).select_dtypes("number").columns
        ['a', 'b']
        """
        if include is None and exclude is None:
            raise InvalidError("give include= or exclude=", op="select_dtypes")
        wanted, unwanted = _kinds(include), _kinds(exclude)
        names = [
            name
            for name, dtype in self.dtypes.items()
            if (include is None or _is_of(dtype, wanted)) and not _is_of(dtype, unwanted)
        ]
        return self._project(names, "select_dtypes")

    def isin(self, values: Any) -> DataFrame:
        """Tell of each value whether it is one of some values.

        Parameters
        ----------
        values : iterable, or mapping of those by column
            The values. No text equals a number.
        """
        from pycylon.frame.window import frame_of

        listed = () if isinstance(values, Mapping) else tuple(values)
        by_column = values if isinstance(values, Mapping) else dict.fromkeys(self.columns, listed)
        made = []
        for name, dtype in self.dtypes.items():
            is_text = _is_of(dtype, _GROUPS["string"])
            asked = [value for value in by_column.get(name, ()) if value is None or isinstance(value, str) == is_text]
            made.append(self._column(name).isin(asked))
        return frame_of(made)

    def insert(self, loc: int, column: str, value: Any) -> None:
        """Add a column at a position to the frame itself.

        Parameters
        ----------
        loc : int
            The position.
        column : str
            Its name, which isn't there yet.
        value : Series, scalar or function
            As in `assign`.
        """
        names = self.columns
        if column in names or not 0 <= loc <= len(names):
            raise InvalidError(f"column {column!r} can't be inserted at {loc}", op="insert")
        made = assign(self, {column: value})._project([*names[:loc], column, *names[loc:]], "insert")
        self._table, self._placement, self._env = made._table, made._placement, made._env

    def pop(self, item: Label) -> Series:
        """Remove a column from the frame itself, and return it.

        Parameters
        ----------
        item : str
            Which.
        """
        name = self._names(item)[0]
        column = self._column(name)
        rest = self._project([other for other in self.columns if other != name], "pop")
        self._table, self._placement, self._env = rest._table, rest._placement, rest._env
        return column

    def get(self, key: Label, default: object = None) -> Any:
        """Return a column, or something else where there is none of that name.

        Parameters
        ----------
        key : str
            The name.
        default : object, optional
            What else.
        """
        return self._column(str(key)) if key in self.columns else default

    def assign(self, /, **columns: Any) -> DataFrame:
        """Return the frame with columns added, or replaced where the name is there already.

        Order, placement and all other columns stay.

        Parameters
        ----------
        **columns
            By name: a series of this frame (a comparison, a cast), a single value for all rows, or a function that
            takes the frame with the columns before it and returns one of those.

        Notes
        -----
        ``df["x"] = value`` does the same to the frame that `df` names. Collective on a partitioned frame.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, 2], "b": ["3", "4"]})
        >>> df.assign(b=df["b"].astype(int), big=lambda f: f["b"] > f["a"], source="file").to_dict()
        {'a': [1, 2], 'b': [3, 4], 'big': [True, True], 'source': ['file', 'file']}
        """
        return assign(self, columns)

    def __setitem__(self, name: str, value: Any) -> None:
        """Add or replace a column: ``df["x"] = value`` is ``df = df.assign(x=value)``.

        Parameters
        ----------
        name : str
            The column's name.
        value : Series, scalar or function
            As in `assign`. Series and frames that were made from this frame before stay as they are.
        """
        changed = assign(self, {name: value})
        self._table, self._placement, self._env = changed._table, changed._placement, changed._env


#: What `select_dtypes` calls groups of types: how their names begin.
_GROUPS: dict[Any, tuple[str, ...]] = {
    "number": ("int", "uint", "float", "decimal", "halffloat"),
    "integer": ("int", "uint"),
    "floating": ("float", "halffloat"),
    "string": ("utf8", "large_utf8"),
    "object": ("utf8", "large_utf8"),
    "boolean": ("bool",),
    "datetime": ("timestamp", "date"),
    "datetime64": ("timestamp", "date"),
    "int": ("int", "uint"),
    "float": ("float", "halffloat"),
    int: ("int", "uint"),
    float: ("float", "halffloat"),
    str: ("utf8", "large_utf8"),
    bool: ("bool",),
}


def _kinds(asked: Any) -> tuple[str, ...]:
    if asked is None:
        return ()
    listed = [asked] if isinstance(asked, (str, type)) else list(asked)
    return tuple(begin for each in listed for begin in _GROUPS.get(each, (f"={each}",)))


def _is_of(dtype: str, kinds: tuple[str, ...]) -> bool:
    """Tell whether a type is one of those named, or of a group."""
    return any(dtype == kind[1:] if kind.startswith("=") else dtype.startswith(kind) for kind in kinds)


def assign(frame: Frame, columns: Mapping[str, Any]) -> DataFrame:
    """Return the frame with columns added or replaced: `DataFrame.assign`.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    columns : mapping
        Series, scalars or functions by name.
    """
    # What each name stands for, in the frame's own columns: functions see the names before theirs, as in pandas, and
    # all is computed in one pass.
    known: dict[str, Expr] = {name: Column(name) for name in frame.columns}
    so_far: Frame = frame
    computed = True
    for name, value in columns.items():
        if not isinstance(name, str):
            raise TypeError(f"a column's name is a str, not {name!r}")
        if callable(value):
            if not computed:
                so_far, computed = _project(frame, known), True
            known[name] = _inlined(_expression(name, value(so_far), so_far), known)
        else:
            known[name] = _expression(name, value, frame)
        computed = False
    return _project(frame, known)


def _project(frame: Frame, columns: Mapping[str, Expr]) -> DataFrame:
    plan = Plan("assign", [frame])
    listed = [{"name": name, "expr": expr.to_json(plan)} for name, expr in columns.items()]
    plan.node("project", inputs=plan.inputs, columns=listed)
    return plan.run()


def _expression(name: str, value: Any, frame: Frame) -> Expr:
    from pycylon.series import Series

    if isinstance(value, Series):
        if value._frame._table is not frame._table:
            raise InvalidError(
                f"the values of {name!r} are a column of another frame: compute them from this one, as in "
                "df.assign(b=df['a'] > 0), or merge the frames",
                op="assign",
            )
        return value._expr
    if (hasattr(value, "__len__") and not isinstance(value, (str, bytes))) or hasattr(value, "__arrow_c_stream__"):
        raise TypeError(
            f"{name}= takes a column of this frame, a single value or a function of the frame, not a "
            f"{type(value).__name__}: give the values when the frame is made, or merge a frame that has them"
        )
    return Literal(value)


def _inlined(expr: Expr, known: Mapping[str, Expr]) -> Expr:
    """Return `expr` with what its columns stand for in their place."""
    if isinstance(expr, Column):
        return known[expr.name]
    if isinstance(expr, Call):
        arguments = tuple(_inlined(argument, known) for argument in expr.arguments)
        return Call(expr.function, arguments, expr.type, expr.options)
    if isinstance(expr, Over):
        return expr.mapped(lambda inner: _inlined(inner, known))
    return expr
