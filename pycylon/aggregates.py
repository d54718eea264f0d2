"""Aggregates: functions of a group's values, as `groupby`, frames and series take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pycylon.arguments import number
from pycylon.errors import InvalidError

if TYPE_CHECKING:
    from pycylon.frame.base import Frame

#: The aggregates by every name they go by.
FUNCTIONS = {
    "sum": "sum",
    "mean": "mean",
    "avg": "mean",
    "min": "min",
    "max": "max",
    "count": "count",
    "cnt": "count",
    "size": "size",
    "len": "size",
    "first": "first",
    "last": "last",
    "any": "any",
    "all": "all",
    "prod": "prod",
    "product": "prod",
    "var": "var",
    "std": "std",
    "stddev": "std",
    "sem": "sem",
    "median": "quantile",
    "quantile": "quantile",
    "nunique": "nunique",
    "cov": "cov",
    "corr": "corr",
    "list": "list",
}

_DEFAULTS: dict[str, dict[str, Any]] = {
    "var": {"ddof": 1},
    "std": {"ddof": 1},
    "sem": {"ddof": 1},
    "cov": {"ddof": 1},
    "quantile": {"q": 0.5},
}

_INTERPOLATIONS = ("linear", "lower", "higher", "nearest", "midpoint")

#: What `numeric_only` keeps: numbers and booleans, as their types begin.
_NUMBERS = ("int", "uint", "float", "double", "bool", "halffloat", "decimal")


class Aggregate(NamedTuple):
    """One column of a result: a function of one column, or of two."""

    name: str
    function: str
    columns: tuple[str, ...]
    options: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the aggregate as a plan's node has it."""
        fields = dict(zip(("column", "other"), self.columns))
        return {"name": self.name, "fn": self.function, **fields, **self.options}


def function_name(function: Any, op: str) -> str:
    """Return how a function is called: "sum" of "sum", of `sum` and of `numpy.sum`.

    Parameters
    ----------
    function : str or callable
        What a caller gave.
    op : str
        Who was called, for the error.
    """
    name = function if isinstance(function, str) else getattr(function, "__name__", None)
    known = ", ".join(FUNCTIONS)
    if name not in FUNCTIONS and not isinstance(function, str):
        raise InvalidError(
            f"{getattr(function, '__name__', function)!r} isn't computed in the core: give one of {known}; for a "
            "function of your own, collect the values with 'list' and use Series.map, or group `df.to_pandas()`",
            op=op,
        )
    if name not in FUNCTIONS:
        raise InvalidError(f"there is no aggregate {function!r}: expected one of {known}", op=op)
    return name


def aggregate(frame: Frame, name: str, columns: Any, function: Any, op: str, **options: Any) -> Aggregate:
    """Return an aggregate of a frame's columns.

    Parameters
    ----------
    frame : Frame
        The rows.
    name : str
        The result's name.
    columns : str, int or pair of those
        The column; of "corr" and "cov" the two.
    function : str or callable
        The function.
    op : str
        Who was called, for errors.
    **options
        Its parameters.
    """
    core = FUNCTIONS[function_name(function, op)]
    names = frame._names(list(columns) if isinstance(columns, (list, tuple)) else columns)
    if len(names) != (2 if core in ("cov", "corr") else 1):
        raise InvalidError(f"{core} of {names}: corr and cov take a pair of columns, the others one", op=op)
    if core == "size":
        names = []
    return Aggregate(name, core, tuple(names), {**_DEFAULTS.get(core, {}), **options})


def spell(
    frame: Frame, how: Any, named: Mapping[str, Any], values: Sequence[str], op: str, *, alone: bool = False
) -> list[Aggregate]:
    """Return the aggregates that the arguments of an `agg` ask for.

    Parameters
    ----------
    frame : Frame
        The rows.
    how : str, callable, list or dict, optional
        An aggregate of all of `values`, several, or aggregates by column.
    named : mapping
        Results by name: pairs of a column and an aggregate.
    values : sequence of str
        The columns that `how` is about if it names none.
    op : str
        Who was called, for errors.
    alone : bool, default False
        Whether `values` is one column that was asked for: its aggregates are named by their functions alone.
    """
    found: list[Aggregate] = []
    if how is not None and not isinstance(how, Mapping):
        how = dict.fromkeys(values, how)
    for label, functions in (how or {}).items():
        column = frame._names(label)[0]
        if not isinstance(functions, (list, tuple)):
            found.append(aggregate(frame, column, column, functions, op))
            continue
        for function in functions:
            called = function_name(function, op)
            found.append(aggregate(frame, called if alone else f"{column}_{called}", column, function, op))
    for name, given in named.items():
        pair: Any = given
        if hasattr(pair, "aggfunc"):  # pandas.NamedAgg
            pair = pair.column, pair.aggfunc
        if alone and (isinstance(pair, str) or callable(pair)):
            pair = values[0], pair
        if not (isinstance(pair, (tuple, list)) and len(pair) == 2):
            raise InvalidError(f"{name}={pair!r}: expected a column and an aggregate, as in {name}=('a', 'sum')", op=op)
        found.append(aggregate(frame, name, pair[0], pair[1], op))
    if not found:
        raise InvalidError("there is nothing to aggregate: name columns, as in total=('a', 'sum')", op=op)
    return found


def quantiles(frame: Frame, columns: Sequence[str], q: Any, interpolation: str, op: str) -> list[Aggregate]:
    """Return the quantiles of columns: named like them, or "a_0.25" where there are several.

    Parameters
    ----------
    frame : Frame
        The rows.
    columns : sequence of str
        Which columns.
    q : float or sequence of float
        Which quantiles.
    interpolation : str
        The value between two values.
    op : str
        Who was called, for errors.
    """
    several = not isinstance(q, (int, float, str)) and hasattr(q, "__iter__")
    shares = [number(each, "q", op) for each in (q if several else [q])]
    for share in shares:
        if not 0 <= share <= 1:
            raise InvalidError(f"q={share:g}: expected a quantile between 0 and 1", op=op)
    if interpolation not in _INTERPOLATIONS:
        known = ", ".join(map(repr, _INTERPOLATIONS))
        raise InvalidError(f"interpolation={interpolation!r}: expected one of {known}", op=op)
    found = []
    for column in columns:
        for each in shares:
            name = f"{column}_{each:g}" if several else column
            found.append(aggregate(frame, name, column, "quantile", op, q=each, interpolation=str(interpolation)))
    return found


def percentages(percentiles: Sequence[float] | None) -> list[float]:
    """Return the quantiles that a `describe` asks for, in order: the quartiles by default, the median always.

    Parameters
    ----------
    percentiles : sequence of float, optional
        What a caller gave.
    """
    if percentiles is None:
        return [0.25, 0.5, 0.75]
    shares = sorted({*(number(share, "percentiles", "describe") for share in percentiles), 0.5})
    if not all(0 <= share <= 1 for share in shares):
        raise InvalidError(f"percentiles={percentiles!r}: expected numbers between 0 and 1", op="describe")
    return shares


def numbers(frame: Frame, columns: Sequence[str]) -> list[str]:
    """Return those of a frame's columns that hold numbers or booleans.

    Parameters
    ----------
    frame : Frame
        The rows.
    columns : sequence of str
        Which columns to choose from.
    """
    types = frame.dtypes
    return [name for name in columns if types[name].startswith(_NUMBERS)]
