"""Operations that combine frames: merge, concat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pycylon.errors import InvalidError
from pycylon.frame.base import Frame, Label
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from pycylon.env import CylonEnv
    from pycylon.frame.core import DataFrame

How = Literal[
    "inner",
    "left",
    "right",
    "outer",
    "fullouter",
    "cross",
    "semi",
    "leftsemi",
    "left_semi",
    "anti",
    "leftanti",
    "left_anti",
]

#: The core's name of each way to join: PyCylon, pandas, Polars and Spark spell some of them in their own way.
_HOW = {
    "inner": "inner",
    "left": "left",
    "right": "right",
    "outer": "outer",
    "fullouter": "outer",
    "cross": "cross",
    **dict.fromkeys(("semi", "leftsemi", "left_semi"), "semi"),
    **dict.fromkeys(("anti", "leftanti", "left_anti"), "anti"),
}

#: Whether the left and the right keys must be unique.
_VALIDATE: dict[str | None, tuple[bool, bool]] = {
    **dict.fromkeys((None, "m:m", "many_to_many"), (False, False)),
    **dict.fromkeys(("1:1", "one_to_one"), (True, True)),
    **dict.fromkeys(("1:m", "one_to_many"), (True, False)),
    **dict.fromkeys(("m:1", "many_to_one"), (False, True)),
}


class Combining(Frame):
    """Methods that combine a frame with another."""

    __slots__ = ()

    def merge(
        self,
        right: DataFrame,
        how: How = "inner",
        on: Label | Sequence[Label] | None = None,
        left_on: Label | Sequence[Label] | None = None,
        right_on: Label | Sequence[Label] | None = None,
        *,
        suffixes: tuple[str, str] = ("_x", "_y"),
        indicator: bool | str = False,
        validate: str | None = None,
        maintain_order: bool = False,
        algorithm: str | None = None,
        env: CylonEnv | None = None,
    ) -> DataFrame:
        """Match the rows of two frames on equal keys.

        Parameters
        ----------
        right : DataFrame
            The other frame.
        how : {"inner", "left", "right", "outer", "cross", "semi", "anti"}, default "inner"
            Which rows without a match to keep beside the pairs; "cross" is every row with every row, without keys;
            "semi" is the left rows that have a match, each once, and "anti" those that have none, with the left
            columns only. PyCylon's "fullouter" is "outer"; "leftsemi" and "leftanti" are "semi" and "anti".
        on : str or sequence of str, optional
            The keys, of the same names on both sides. Default: all names that both sides have.
        left_on, right_on : str or sequence of str, optional
            The keys, where the names differ.
        suffixes : (str, str), default ("_x", "_y")
            What is added to the names that both sides have, other than the keys.
        indicator : bool or str, default False
            Add a column "_merge", or of that name, that tells which sides a row is of: "both", "left_only" or
            "right_only".
        validate : {"1:1", "1:m", "m:1", "m:m"}, optional
            Raise an error where the keys of the left, or of the right, are not unique as that says.
        maintain_order : bool, default False
            Keep the left rows in their order, the matches of each in the right's; rows of the right alone come last.
        algorithm : {"auto", "hash", "sort"}, default "auto"
            How rows that match are found. With "sort" both sides are sorted and merged, and the result is in the order
            of the keys, nulls last. "auto" is "hash", which is faster, also where the keys ascend already.
        env : CylonEnv, optional
            Treat local frames as this rank's share. Collective then, as on partitioned frames.

        Notes
        -----
        Keys of the same name become one column. Null keys match null keys. Without `maintain_order` or
        ``algorithm="sort"`` the order of the rows is unspecified. A replicated frame needs no shuffle.

        Examples
        --------
        >>> left = pc.DataFrame({"k": [1, 2], "a": [10, 20]})
        >>> right = pc.DataFrame({"k": [2, 3], "b": ["x", "y"]})
        >>> left.merge(right, on="k")
           k   a  b
        0  2  20  x
        [1 row x 3 columns, local]
        """
        return merge(
            self,
            right,
            how,
            on,
            left_on,
            right_on,
            suffixes=suffixes,
            indicator=indicator,
            validate=validate,
            maintain_order=maintain_order,
            algorithm=algorithm,
            env=env,
        )

    def join(
        self,
        other: DataFrame,
        on: Label | Sequence[Label] | None = None,
        how: How = "left",
        lsuffix: str = "",
        rsuffix: str = "",
        *,
        validate: str | None = None,
        algorithm: str | None = None,
        env: CylonEnv | None = None,
    ) -> DataFrame:
        """Match the rows of two frames on columns of the same names: `merge` with the defaults of pandas' ``join``.

        Parameters
        ----------
        other : DataFrame
            The other frame.
        on : str or sequence of str, optional
            The keys. Default: all names that both sides have.
        how : str, default "left"
            As in `merge`.
        lsuffix, rsuffix : str, default ""
            What is added to the names that both sides have, other than the keys.
        validate, algorithm, env
            As in `merge`.

        Notes
        -----
        pandas matches `on` with the other frame's index; a pycylon frame has none, so `on` names columns of both.

        Examples
        --------
        >>> left = pc.DataFrame({"k": [1], "a": [10]})
        >>> left.join(pc.DataFrame({"k": [1], "a": [30]}), on="k", rsuffix="_other")
           k   a  a_other
        0  1  10       30
        [1 row x 3 columns, local]
        """
        return merge(self, other, how, on, suffixes=(lsuffix, rsuffix), validate=validate, algorithm=algorithm, env=env)


def merge(
    left: Frame,
    right: Frame,
    how: How = "inner",
    on: Label | Sequence[Label] | None = None,
    left_on: Label | Sequence[Label] | None = None,
    right_on: Label | Sequence[Label] | None = None,
    *,
    suffixes: tuple[str, str] = ("_x", "_y"),
    indicator: bool | str = False,
    validate: str | None = None,
    maintain_order: bool = False,
    algorithm: str | None = None,
    env: CylonEnv | None = None,
) -> DataFrame:
    """Match the rows of two frames on equal keys: `DataFrame.merge` as a function.

    Parameters
    ----------
    left, right : DataFrame
        The frames.
    how, on, left_on, right_on, suffixes, indicator, validate, maintain_order, algorithm, env
        As in `DataFrame.merge`.
    """
    if not isinstance(right, Frame):
        raise TypeError(f"merge needs a pycylon.DataFrame, not {_type(right)}: wrap it in pycylon.DataFrame(...)")
    if how not in _HOW:
        raise InvalidError(f"how={how!r}: expected one of {', '.join(map(repr, _HOW))}", op="merge")
    if validate not in _VALIDATE:
        raise InvalidError(f"validate={validate!r}: expected '1:1', '1:m', 'm:1' or 'm:m'", op="merge")
    if algorithm not in (None, "auto", "sort", "hash"):
        raise InvalidError(f"algorithm={algorithm!r}: expected 'auto', 'sort' or 'hash'", op="merge")
    if isinstance(suffixes, str) or len(suffixes) != 2:
        raise InvalidError(f"suffixes={suffixes!r}: expected two, as in ('_x', '_y')", op="merge")
    left_keys, right_keys = (
        _cross_keys(on, left_on, right_on) if how == "cross" else _keys(left, right, on, left_on, right_on)
    )
    unique_left, unique_right = _VALIDATE[validate]
    plan = Plan("merge", [left, right], env)
    plan.node(
        "join",
        inputs=plan.inputs,
        how=_HOW[how],
        left_on=left_keys,
        right_on=right_keys,
        suffixes=[str(suffix or "") for suffix in suffixes],
        indicator=indicator if isinstance(indicator, str) else "_merge" if indicator else "",
        unique_left=unique_left,
        unique_right=unique_right,
        maintain_order=bool(maintain_order),
        algorithm=algorithm or "auto",
    )
    return plan.run()


def _cross_keys(*given: Any) -> tuple[list[str], list[str]]:
    if any(keys is not None for keys in given):
        raise InvalidError(
            "how='cross' joins every row with every row: leave out on=, left_on= and right_on=", op="merge"
        )
    return [], []


def _keys(left: Frame, right: Frame, on: Any, left_on: Any, right_on: Any) -> tuple[list[str], list[str]]:
    if any(isinstance(keys, (list, tuple)) and not keys for keys in (on, left_on, right_on)):
        raise InvalidError("there are no columns to merge on", op="merge")
    if on is not None:
        if left_on is not None or right_on is not None:
            raise InvalidError("give either on= or left_on= and right_on=, not both", op="merge")
        return left._names(on), right._names(on)
    if (left_on is None) != (right_on is None):
        raise InvalidError("left_on= and right_on= go together", op="merge")
    if left_on is not None:
        keys = left._names(left_on), right._names(right_on)
        if len(keys[0]) != len(keys[1]):
            raise InvalidError(f"left_on= has {len(keys[0])} keys and right_on= has {len(keys[1])}", op="merge")
        return keys
    common = [name for name in left.columns if name in right.columns]
    if not common:
        raise InvalidError("the frames have no column name in common: give on=, or left_on= and right_on=", op="merge")
    return common, common


def _type(value: object) -> str:
    """Return a type's name with its library: "pandas.DataFrame"."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def concat(
    objs: Iterable[Frame],
    axis: int = 0,
    join: Literal["outer", "inner"] = "outer",
    env: CylonEnv | None = None,
    *,
    ignore_index: bool = True,
) -> DataFrame:
    """Return the rows of several frames, one frame after the other. Columns go together by name.

    Parameters
    ----------
    objs : iterable of DataFrame
        The frames. Types of one column may differ as numbers do.
    axis : int, default 0
        Only 0, rows.
    join : {"outer", "inner"}, default "outer"
        Which columns: all that a frame has, null in the rows of those that haven't; or those that all have.
    env : CylonEnv, optional
        Treat local frames as this rank's share.
    ignore_index : bool, default True
        Accepted for pandas' scripts: rows are always numbered from 0.

    Examples
    --------
    >>> import pycylon as pc
    >>> frames = [pc.DataFrame({"a": [1], "b": ["x"]}), pc.DataFrame({"a": [2.5]})]
    >>> pc.concat(frames).to_dict()
    {'a': [1.0, 2.5], 'b': ['x', None]}
    >>> pc.concat(frames, join="inner").to_dict()
    {'a': [1.0, 2.5]}
    """
    del ignore_index
    if isinstance(objs, (Frame, Mapping)):
        raise TypeError(f"concat needs a list of frames, not a {type(objs).__name__}")
    frames: list[Frame] = list(objs)
    for frame in frames:
        if not isinstance(frame, Frame):
            raise TypeError(f"concat needs pycylon.DataFrames, not {_type(frame)}: wrap it in pycylon.DataFrame(...)")
    if not frames:
        raise InvalidError("there are no frames to concatenate", op="concat")
    if axis not in (0, "index"):
        raise InvalidError(f"axis={axis!r}: only rows can be concatenated, axis=0", op="concat")
    if join not in ("outer", "inner"):
        raise InvalidError(f"join={join!r}: expected 'outer' or 'inner'", op="concat")
    plan = Plan("concat", frames, env)
    plan.node("concat", inputs=plan.inputs, join=join)
    return plan.run()
