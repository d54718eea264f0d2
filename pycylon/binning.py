"""Values in intervals: `cut` by edges, `qcut` by quantiles.

An interval is found by halving, in an expression: ``x <= e2 ? (x <= e1 ? first : second) : (x <= e3 ? third : last)``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pycylon.arguments import number, whole
from pycylon.errors import InvalidError
from pycylon.expr import Call, Expr
from pycylon.expr import Literal as Value

if TYPE_CHECKING:
    from pycylon.series import Series

#: By how much the range of equally wide bins is widened, so that the least value lies in the first, as pandas does.
_WIDENED = 0.001


def cut(
    x: Series,
    bins: int | Sequence[Any],
    right: bool = True,
    labels: Sequence[Any] | Literal[False] | None = None,
    retbins: bool = False,
    precision: int = 3,
    include_lowest: bool = False,
    duplicates: Literal["raise", "drop"] = "raise",
) -> Any:
    """Return the interval that each value lies in.

    Parameters
    ----------
    x : Series
        Numbers, or times.
    bins : int or sequence
        The edges of the intervals, or how many equally wide ones from the least to the greatest value.
    right : bool, default True
        Whether an interval contains its right edge rather than its left one.
    labels : sequence or False, optional
        What the intervals are called; False numbers them from 0. Default: texts as "(0, 10]".
    retbins : bool, default False
        Return the edges, too, as a list.
    precision : int, default 3
        The digits of edges in texts.
    include_lowest : bool, default False
        Whether the first interval contains its left edge, too; it does with ``right=False``.
    duplicates : {"raise", "drop"}, default "raise"
        What to do with edges that are given twice.

    Returns
    -------
    Series
        Null where a value is missing or in no interval.

    Notes
    -----
    Texts are ordered as texts: to group in the order of the intervals, take their numbers, ``labels=False``. With a
    number of bins the extremes are computed first: collective on a partitioned frame.

    Examples
    --------
    >>> import pycylon as pc
    >>> df = pc.DataFrame({"age": [5, 18, 40, None]})
    >>> pc.cut(df["age"], [0, 18, 65]).to_list()
    ['(0, 18]', '(0, 18]', '(18, 65]', None]
    >>> pc.cut(df["age"], [0, 18, 65], right=False, labels=["child", "adult"]).to_list()
    ['child', 'adult', 'adult', None]
    """
    _check(x, "cut")
    precision = whole(precision, "precision", "cut")
    edges = _equal(x, bins, right) if isinstance(bins, int) else list(bins)
    edges = _increasing(edges, duplicates, "cut")
    made = _intervals(x, edges, right, labels, precision, include_lowest, "cut")
    return (made, edges) if retbins else made


def qcut(
    x: Series,
    q: int | Sequence[float],
    labels: Sequence[Any] | Literal[False] | None = None,
    retbins: bool = False,
    precision: int = 3,
    duplicates: Literal["raise", "drop"] = "raise",
) -> Any:
    """Return which quantiles each value lies between.

    Parameters
    ----------
    x : Series
        Numbers.
    q : int or sequence of float
        The quantiles, between 0 and 1, or how many intervals of as many values each.
    labels, retbins, precision, duplicates
        As of `cut`.

    Returns
    -------
    Series
        Null where a value is missing or in no interval.

    Notes
    -----
    The quantiles are computed first: collective on a partitioned frame.

    Examples
    --------
    >>> import pycylon as pc
    >>> df = pc.DataFrame({"v": [1, 2, 3, 4, 9]})
    >>> pc.qcut(df["v"], 2, labels=["low", "high"]).to_list()
    ['low', 'low', 'low', 'high', 'high']
    >>> pc.qcut(df["v"], [0, 0.5, 1]).to_list()[-1]
    '(3.0, 9.0]'
    """
    _check(x, "qcut")
    precision = whole(precision, "precision", "qcut")
    if isinstance(q, int):
        if q < 1:
            raise InvalidError(f"q={q}: expected at least one interval", op="qcut")
        shares = [i / q for i in range(q + 1)]
    else:
        shares = [number(share, "q", "qcut") for share in q]
    edges = x.quantile(shares)
    if None in edges:
        raise InvalidError("there are no values, and so no quantiles", op="qcut")
    edges = _increasing(edges, duplicates, "qcut")
    made = _intervals(x, edges, True, labels, precision, True, "qcut")
    return (made, edges) if retbins else made


def _check(x: object, op: str) -> None:
    from pycylon.series import Series

    if not isinstance(x, Series):
        raise TypeError(f"{op} takes a column, as in {op}(df['a'], 4), not a {type(x).__name__}")


def _equal(x: Series, bins: int, right: bool) -> list[float]:
    """Return the edges of equally wide bins."""
    if isinstance(bins, bool) or bins < 1:
        raise InvalidError(f"bins={bins!r}: expected at least one", op="cut")
    ends = x.agg(["min", "max"]).to_dict()
    least, most = ends["min"][0], ends["max"][0]
    if least is None:
        raise InvalidError("there are no values to make bins of: give the edges", op="cut")
    least, most = number(least, "the least value", "cut"), number(most, "the greatest value", "cut")
    if not math.isfinite(most - least):
        raise InvalidError(f"bins between {least} and {most} have no width: give the edges", op="cut")
    if least == most:
        wider = _WIDENED * abs(least) if least else _WIDENED
        least, most = least - wider, most + wider
        return [least + (most - least) * i / bins for i in range(bins + 1)]
    edges = [least + (most - least) * i / bins for i in range(bins)] + [most]
    wider = (most - least) * _WIDENED
    edges[0 if right else -1] += -wider if right else wider
    return edges


def _increasing(edges: list[Any], duplicates: str, op: str) -> list[Any]:
    """Return edges that increase, each once."""
    if duplicates not in ("raise", "drop"):
        raise InvalidError(f"duplicates={duplicates!r}: expected 'raise' or 'drop'", op=op)
    kept = [edge for i, edge in enumerate(edges) if i == 0 or edge != edges[i - 1]]
    if len(kept) < len(edges) and duplicates == "raise":
        raise InvalidError(f"edges are equal: {_shown(edges)}: give duplicates='drop' to merge their intervals", op=op)
    if len(kept) < 2:
        raise InvalidError(f"intervals need two edges, not {_shown(kept)}", op=op)
    try:
        is_increasing = all(a < b for a, b in itertools.pairwise(kept))
    except TypeError as error:
        raise InvalidError(f"edges can't be compared: {error}", op=op) from None
    if not is_increasing:
        raise InvalidError(f"edges increase, and {_shown(kept)} don't", op=op)
    return kept


def _intervals(
    x: Series, edges: list[Any], right: bool, labels: Any, precision: int, include_lowest: bool, op: str
) -> Series:
    count = len(edges) - 1
    if labels is None:
        names: list[Any] = _names(edges, right, precision, include_lowest)
    elif labels is False:
        names = list(range(count))
    else:
        if isinstance(labels, (bool, str)) or not isinstance(labels, Sequence):
            raise InvalidError(f"labels={labels!r}: expected a list of {count} names, or False", op=op)
        names = list(labels)
        if len(names) != count:
            raise InvalidError(f"{len(names)} labels can't name {count} intervals", op=op)
    below, above = ("le", "gt") if right else ("lt", "ge")

    def found(first: int, last: int) -> Expr:
        if last - first == 1:
            return Value(names[first])
        middle = (first + last) // 2
        is_below = Call(below, (x._expr, Value(edges[middle])))
        return Call("if_else", (is_below, found(first, middle), found(middle, last)))

    lowest = "ge" if include_lowest else above
    inside = Call("and", (Call(lowest, (x._expr, Value(edges[0]))), Call(below, (x._expr, Value(edges[-1])))))
    return x._bound(x._frame, Call("if_else", (inside, found(0, count), Value(None))), x.name)


def _names(edges: list[Any], right: bool, precision: int, include_lowest: bool) -> list[str]:
    """Return what pandas calls the intervals: by their edges, rounded to as few digits as tell them apart."""
    breaks = list(edges)
    if all(isinstance(edge, (int, float)) for edge in edges):
        for digits in range(precision, 20):
            breaks = [_rounded(edge, digits) for edge in edges]
            if len(set(breaks)) == len(edges):
                break
        if include_lowest and right:
            breaks[0] -= 10.0**-digits
        if any(isinstance(edge, float) for edge in breaks):
            breaks = [float(edge) for edge in breaks]
    opened, closed = ("(", "]") if right else ("[", ")")
    return [f"{opened}{low}, {high}{closed}" for low, high in itertools.pairwise(breaks)]


def _rounded(edge: float, digits: int) -> float:
    """Return an edge with so many digits after the point, or, below 1, so many that aren't leading zeros."""
    if isinstance(edge, int) or not math.isfinite(edge) or edge == 0:
        return edge
    if abs(edge) < 1:
        digits += -math.floor(math.log10(abs(edge))) - 1
    scaled = edge * 10.0**digits
    return round(scaled) / 10.0**digits if math.isfinite(scaled) else edge  # as NumPy rounds: of the scaled value


def _shown(edges: list[Any]) -> str:
    return str(edges if len(edges) <= 8 else [*edges[:8], ...])
