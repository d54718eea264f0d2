"""Frames in another shape, as pandas' functions name it: `melt`, `pivot_table`, `crosstab`, `get_dummies`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon.errors import InvalidError
from pycylon.expr import Call, Column, Expr
from pycylon.expr import Literal as Value
from pycylon.frame.plan import Plan
from pycylon.frame.window import frame_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.frame.core import DataFrame
    from pycylon.series import Series


def melt(frame: DataFrame, *args: Any, **kwargs: Any) -> DataFrame:
    """Return ``frame.melt(...)``.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    *args, **kwargs
        As of `DataFrame.melt`.
    """
    return frame.melt(*args, **kwargs)


def pivot_table(data: DataFrame, *args: Any, **kwargs: Any) -> DataFrame:
    """Return ``data.pivot_table(...)``.

    Parameters
    ----------
    data : DataFrame
        The frame.
    *args, **kwargs
        As of `DataFrame.pivot_table`.
    """
    return data.pivot_table(*args, **kwargs)


def crosstab(index: Series | Sequence[Series], columns: Series | Sequence[Series]) -> DataFrame:
    """Return how many rows have each pair of values.

    Parameters
    ----------
    index, columns : Series or sequence of Series
        Columns of one frame: whose values become rows, and columns.

    Notes
    -----
    Rows that miss a value aren't counted. Collective on a partitioned frame.

    Examples
    --------
    >>> import pycylon as pc
    >>> df = pc.DataFrame({"a": ["x", "y", "x"], "b": [1, 1, 2]})
    >>> pc.crosstab(df["a"], df["b"]).to_dict()
    {'a': ['x', 'y'], '1': [1, 1], '2': [1, 0]}
    """
    rows, across = _listed(index), _listed(columns)
    pairs = frame_of([*rows, *across]).assign(**{"()": 1})
    names = [series.name for series in rows], [series.name for series in across]
    return pairs.pivot_table("()", *names, aggfunc="sum", fill_value=0)


def _listed(series: Any) -> list[Series]:
    return list(series) if isinstance(series, (list, tuple)) else [series]


def get_dummies(
    data: DataFrame | Series,
    columns: Sequence[str] | None = None,
    prefix_sep: str = "_",
    dummy_na: bool = False,
    drop_first: bool = False,
    dtype: str | type | None = None,
) -> DataFrame:
    """Return a column for each value of some columns, which tells where it is that.

    Parameters
    ----------
    data : DataFrame or Series
        The values.
    columns : sequence of str, optional
        Whose values. Default: the columns of texts; all of a series.
    prefix_sep : str, default "_"
        What stands between a column's name and a value.
    dummy_na : bool, default False
        Whether a null is a value, too; its column ends in "nan".
    drop_first : bool, default False
        Leave out the first value of each column.
    dtype : str or type, optional
        The type of the new columns. Default: bool.

    Notes
    -----
    Collective on a partitioned frame: the ranks agree on the columns. A deferred frame is computed for that.

    Examples
    --------
    >>> import pycylon as pc
    >>> pc.get_dummies(pc.DataFrame({"a": ["x", "y", None], "n": [1, 2, 3]})).to_dict()
    {'n': [1, 2, 3], 'a_x': [True, False, False], 'a_y': [False, True, False]}
    """
    from pycylon.series import Series

    is_series = isinstance(data, Series)
    frame: DataFrame = data.to_frame() if isinstance(data, Series) else data
    texts = ("utf8", "large_utf8")
    if columns is not None:
        chosen = frame._names(columns)
    else:
        chosen = [name for name, dtype_ in frame.dtypes.items() if is_series or dtype_.startswith(texts)]
    plan = Plan("get_dummies", [frame])
    made: dict[str, Expr] = {name: Column(name) for name in frame.columns if name not in chosen}
    for name in chosen:
        listed = frame._project([name], "get_dummies").drop_duplicates().sort_values(name)
        if listed.placement == "partitioned":
            listed = listed.replicate()
        values = [value for value in listed.to_dict()[name] if value is not None]
        for value in [*values, *([None] if dummy_na else [])][int(drop_first) :]:
            test = Call("is_null", (Column(name),)) if value is None else Call("eq", (Column(name), Value(value)))
            told: Expr = Call("coalesce", (test, Value(False)))
            if dtype is not None:
                from pycylon.interop.columns import plan_type

                told = Call("cast", (told,), plan_type(dtype))
            label = "nan" if value is None else str(value)
            title = label if is_series else f"{name}{prefix_sep}{label}"
            if title in made:
                raise InvalidError(
                    f"two columns would be called {title!r}: rename a column or give another prefix_sep=",
                    op="get_dummies",
                )
            made[title] = told
    if not made:
        raise InvalidError("there are no values to make columns of", op="get_dummies")
    cells = [{"name": name, "expr": expr.to_json(plan)} for name, expr in made.items()]
    plan.node("project", inputs=plan.inputs, columns=cells)
    return plan.run()
