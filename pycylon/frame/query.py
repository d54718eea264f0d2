"""Expressions as text: `DataFrame.query`, `DataFrame.eval`.

The text is Python, read by Python's own parser and never run. Three of pandas' spellings are put into Python's first::

    `a column` > @limit & b        _0 > _1 and b           _0: the column "a column"; _1: local_dict["limit"]

Then a walk over the tree turns names into columns of the frame, operators and methods into those of `Series`. What
isn't listed here is refused by name: nothing but methods of columns is ever called.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pycylon.errors import InvalidError, NotFoundError
from pycylon.expr import Literal
from pycylon.frame.base import Frame, _listed
from pycylon.frame.columns import assign
from pycylon.frame.extremes import label_of
from pycylon.frame.indexing import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from pycylon.frame.core import DataFrame
    from pycylon.series import Series


class Querying(Frame):
    """Methods that take an expression as text."""

    __slots__ = ()

    def query(self, expr: str, *, local_dict: Mapping[str, Any] | None = None) -> DataFrame:
        """Return the rows for which an expression is true.

        Parameters
        ----------
        expr : str
            As of `eval`: a condition. ``&`` and ``|`` bind as ``and`` and ``or`` do; a list after ``==`` or ``in`` has
            the values that are looked for.
        local_dict : mapping, optional
            What ``@name`` stands for. Names are never looked up among the caller's variables.

        Notes
        -----
        A comparison with a null is null, and keeps no row, as in ``df[df["a"] != 3]``; ask ``a.isna()``. Collective on
        a partitioned frame.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, 5, 9], "my col": ["x", "y", "x"]})
        >>> df.query("1 < a < 9 or `my col` in ['x'] and a > @most", local_dict={"most": 8}).to_dict()
        {'a': [5, 9], 'my col': ['y', 'x']}
        """
        condition = _evaluate(self, expr, local_dict, "query")
        if condition is True or condition is False:
            condition = _lifted(self, condition)
        if not _is_series(condition):
            raise InvalidError(f"{_shown(expr)} is no condition: compare a column, as in 'a > 3'", op="query")
        return masked(self, condition)

    def eval(self, expr: str, *, local_dict: Mapping[str, Any] | None = None) -> Any:
        """Return what an expression of the columns is: a series, or the frame with it as a column.

        Parameters
        ----------
        expr : str
            Columns by name, in backticks where that is no identifier; ``index``, the rows' labels; numbers, texts,
            lists; ``+ - * / // % **``, comparisons, also chained, ``in``, ``not in``, ``and or not`` or ``& | ~``;
            methods of columns that return columns or values: ``s.str.len()``, ``a.isna()``, ``a > a.mean()``; ``sqrt``,
            ``log``, ``exp``, ``abs``, ``sin``, ``floor`` ... of a column. With ``name =`` before it, the frame with
            that column is returned.
        local_dict : mapping, optional
            What ``@name`` stands for.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, 4], "b": [2, 3]})
        >>> df.eval("sqrt(a) * 10 + b").to_list()
        [12.0, 23.0]
        >>> df.eval("c = a + b").to_dict()
        {'a': [1, 4], 'b': [2, 3], 'c': [3, 7]}
        """
        return _evaluate(self, expr, local_dict, "eval")


#: Python's operators by the names of their nodes.
_OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitXor: operator.xor,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}

#: The functions that are called by name: the core has them under pandas' names.
_FUNCTIONS = (
    *("abs", "sqrt", "exp", "expm1", "log", "log10", "log1p", "sin", "cos", "tan"),
    *("arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "floor", "ceil"),
)

#: What values that aren't columns may be: these are combined here, not in the core.
_PLAIN = (bool, int, float, Decimal, str, bytes, date, timedelta, type(None))

#: The highest power of a plain number: `9**9**9` takes for ever.
_HIGHEST_POWER = 1000

#: Texts, backticks, @names, and the operators that bind otherwise than Python's.
_TOKENS = re.compile(
    r"""(?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|`(?P<column>[^`]*)`|@(?P<local>\w+)|(?P<logic>[&|])"""
)


def _evaluate(frame: Frame, expr: str, local_dict: Mapping[str, Any] | None, op: str) -> Any:
    """Return what an expression is: `DataFrame.eval`."""
    if not isinstance(expr, str):
        raise TypeError(f"{op} takes an expression as text, as in 'a > 3', not a {type(expr).__name__}")
    if local_dict is not None and not isinstance(local_dict, Mapping):
        raise TypeError(f"local_dict= is a dict of values by name, not a {type(local_dict).__name__}")
    reader = _Reader(frame, expr, local_dict or {}, op)
    python = reader.python()
    try:
        statements = ast.parse(python).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InvalidError(f"{_shown(expr)} is no expression: {error}", op=op) from None
    statement = statements[0] if len(statements) == 1 else None
    try:
        if op == "eval" and isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = reader.columns.get(statement.targets[0].id, statement.targets[0].id)
            return assign(frame, {name: reader.read(statement.value)})
        if isinstance(statement, ast.Expr):
            return reader.read(statement.value)
    except RecursionError:
        raise InvalidError(f"{_shown(expr)} is nested too deeply: compute parts of it first", op=op) from None
    raise reader.refused(statement, "give one expression, as in 'a > 3'")


class _Reader:
    """The walk over the tree of an expression.

    Parameters
    ----------
    frame : Frame
        Whose columns are meant.
    text : str
        The expression.
    known : mapping
        What ``@name`` stands for.
    op : str
        Who was called, for errors.
    """

    def __init__(self, frame: Frame, text: str, known: Mapping[str, Any], op: str) -> None:
        self.frame, self.text, self.known, self.op = frame, text, known, op
        #: What stands for backticked columns and for ``@name`` in the text that Python reads.
        self.columns: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def python(self) -> str:
        """Return the text as Python reads it, on one line."""
        prefix = "_"
        while prefix in self.text:
            prefix += "_"

        def spelled(token: re.Match[str]) -> str:
            name = f"{prefix}{len(self.columns) + len(self.values)}"
            if token["column"] is not None:
                self.columns[name] = token["column"]
            elif token["local"] is not None:
                if token["local"] not in self.known:
                    names = _listed([str(each) for each in self.known])
                    raise NotFoundError(
                        f"@{token['local']} isn't in local_dict, whose names are {names}: give it there, as in "
                        f"local_dict={{{token['local']!r}: 3}}",
                        op=self.op,
                    )
                self.values[name] = self.known[token["local"]]
            else:
                return {"&": " and ", "|": " or "}.get(token[0], token[0])
            return name

        return " ".join(_TOKENS.sub(spelled, self.text).split("\n")).strip()

    def read(self, node: ast.expr) -> Any:
        """Return the series or the plain value that a node stands for."""
        read = getattr(self, f"_{type(node).__name__.lower()}", None)
        if read is None:
            raise self.refused(node, "use columns, values, operators, comparisons and methods of columns")
        return read(node)

    def refused(self, node: ast.AST | None, advice: str) -> InvalidError:
        """Return the error of a node that can't be."""
        kind = "" if node is None else f" has a {type(node).__name__}, which"
        return InvalidError(f"{_shown(self.text)}{kind} isn't supported: {advice}", op=self.op)

    def _name(self, node: ast.Name) -> Any:
        if node.id in self.values:
            return self.values[node.id]
        name = self.columns.get(node.id, node.id)
        if name == "index" and name not in self.frame.columns:
            return self._index()
        if name not in self.frame.columns:
            raise NotFoundError(
                f"there is no column {name!r}: the columns are {_listed(self.frame.columns)}; a value is "
                f"@{name}, given in local_dict",
                op=self.op,
            )
        return self.frame._column(name)

    def _index(self) -> Series:
        return _bound(self.frame, label_of(self.frame, self.op))

    def _constant(self, node: ast.Constant) -> Any:
        if not isinstance(node.value, _PLAIN):
            raise self.refused(node, "use numbers, texts, True, False and None")
        return node.value

    def _list(self, node: ast.List | ast.Tuple | ast.Set) -> list[Any]:
        values = [self.read(element) for element in node.elts]
        if any(not isinstance(value, _PLAIN) for value in values):
            raise self.refused(node, "a list has plain values")
        return values

    _tuple = _set = _list

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        value = self.read(node.operand)
        if isinstance(node.op, (ast.Not, ast.Invert)):
            if isinstance(value, bool):
                return not value
            if not _is_series(value):
                raise self.refused(node.op, "not and ~ take a condition")
            return ~value
        if not _is_series(value) and not isinstance(value, (int, float, Decimal, timedelta)):
            raise self.refused(node.op, "a sign takes a number")
        return -value if isinstance(node.op, ast.USub) else +value

    def _binop(self, node: ast.BinOp) -> Any:
        return self._applied(node.op, self.read(node.left), self.read(node.right))

    def _applied(self, op: ast.AST, left: Any, right: Any) -> Any:
        """Return what an operator makes of two values."""
        if type(op) not in _OPERATORS:
            raise self.refused(op, "the operators are + - * / // % ** & | ~ ^ and comparisons")
        if not _is_series(left) and not _is_series(right):
            return self._plain(op, left, right)
        if isinstance(op, (ast.Eq, ast.NotEq)) and any(isinstance(side, (list, set)) for side in (left, right)):
            series, values = (left, right) if _is_series(left) else (right, left)
            return series.isin(values) if isinstance(op, ast.Eq) else ~series.isin(values)
        if isinstance(op, (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
            left, right = _as_time(left, right), _as_time(right, left)
        return _OPERATORS[type(op)](left, right)

    def _plain(self, op: ast.AST, left: Any, right: Any) -> Any:
        """Return what an operator makes of two values that aren't columns."""
        is_number = all(isinstance(side, (bool, int, float, Decimal)) for side in (left, right))
        is_time = all(isinstance(side, (date, timedelta)) for side in (left, right))
        is_test = isinstance(op, (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE))
        if not (is_number or is_time or (is_test and all(isinstance(side, _PLAIN) for side in (left, right)))):
            raise self.refused(op, "it combines numbers, or a column with a value")
        if isinstance(op, ast.Pow) and not -_HIGHEST_POWER <= right <= _HIGHEST_POWER:
            raise InvalidError(f"{right} is too high a power: at most {_HIGHEST_POWER}", op=self.op)
        try:
            return _OPERATORS[type(op)](left, right)
        except (TypeError, ArithmeticError) as error:
            raise InvalidError(f"{_shown(self.text)}: {left!r} and {right!r}: {error}", op=self.op) from None

    def _boolop(self, node: ast.BoolOp) -> Any:
        is_and = isinstance(node.op, ast.And)
        values = [self.read(each) for each in node.values]
        if not all(isinstance(value, bool) or _is_series(value) for value in values):
            raise self.refused(node.op, "and, or, & and | combine conditions: compare first, as in 'a > 3 and b < 2'")
        return self._all(values) if is_and else self._folded(values, operator.or_)

    def _compare(self, node: ast.Compare) -> Any:
        sides = [self.read(side) for side in (node.left, *node.comparators)]
        return self._all([self._test(op, *pair) for op, *pair in zip(node.ops, sides, sides[1:])])

    def _test(self, op: ast.cmpop, left: Any, right: Any) -> Any:
        if not isinstance(op, (ast.In, ast.NotIn)):
            return self._applied(op, left, right)
        if not _is_series(left):
            raise self.refused(op, "a column stands before in")
        values = right.values() if isinstance(right, Mapping) else right
        found = left.isin(values)
        return found if isinstance(op, ast.In) else ~found

    def _all(self, values: list[Any]) -> Any:
        return self._folded(values, operator.and_)

    def _folded(self, values: list[Any], combine: Callable[[Any, Any], Any]) -> Any:
        """Return values combined in pairs of pairs: an expression that is not deep."""
        while len(values) > 1:
            pairs = [combine(a, b) for a, b in zip(values[::2], values[1::2])]
            values = pairs + values[len(values) & ~1 :]
        return values[0]

    def _attribute(self, node: ast.Attribute) -> Any:
        owner = self.read(node.value)
        if not _is_chained(owner):
            raise self.refused(node, "only columns have attributes: give what @name.attribute is in local_dict")
        if node.attr.startswith("_"):
            raise self.refused(node, f"{node.attr} isn't a method of columns")
        return getattr(owner, node.attr)

    def _call(self, node: ast.Call) -> Any:
        given = [self.read(each) for each in node.args]
        options = {}
        for each in node.keywords:
            if each.arg is None:
                raise self.refused(each, "give arguments by name")
            options[each.arg] = self.read(each.value)
        if isinstance(node.func, ast.Attribute):
            method = self._attribute(node.func)
            made = method(*given, **options) if callable(method) else None
            if not _is_chained(made) and not isinstance(made, _PLAIN):
                raise self.refused(node, f"{node.func.attr} doesn't return a column or a value")
            return made
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in _FUNCTIONS or len(given) != 1 or options or not _is_series(given[0]):
            raise self.refused(node, f"functions of one column are {', '.join(_FUNCTIONS)}")
        return given[0]._with(name)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _is_series(value: object) -> bool:
    from pycylon.series import Series

    return isinstance(value, Series)


def _is_chained(value: object) -> bool:
    """Tell whether methods of a value may be called: a column, its texts, its dates, its windows."""
    from pycylon.rolling import Rolling
    from pycylon.series.dates import Dates
    from pycylon.series.strings import Strings

    return _is_series(value) or isinstance(value, (Strings, Dates, Rolling))


def _bound(frame: Frame, expr: Any) -> Series:
    from pycylon.series import Series

    return Series._bound(frame._of(frame._table, frame._placement, frame._env), expr, "eval")


def _lifted(frame: Frame, value: bool) -> Series:
    return _bound(frame, Literal(value))


def _as_time(value: Any, other: Any) -> Any:
    """Return a text as the time that it says, if it is compared with a column of times, as pandas does."""
    if not isinstance(value, str) or not _is_series(other) or not other.dtype.startswith(("date", "timestamp")):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise InvalidError(f"{value!r} is no time to compare {other.name!r} with: write 2024-01-31 12:00") from None
