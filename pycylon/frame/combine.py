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

How = Literal["inner", "left", "right", "outer", "fullouter"]

_HOW = {"inner": "inner", "left": "left", "right": "right", "outer": "outer", "fullouter": "outer"}


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
        algorithm: str | None = None,
        env: CylonEnv | None = None,
    ) -> DataFrame:
        """Match the rows of two frames on equal keys.

        Parameters
        ----------
        right : DataFrame
            The other frame.
        how : {"inner", "left", "right", "outer"}, default "inner"
            Which rows without a match to keep. PyCylon's "fullouter" is "outer".
        on : str or sequence of str, optional
            The keys, of the same names on both sides. Default: all names that both sides have.
        left_on, right_on : str or sequence of str, optional
            The keys, where the names differ.
        suffixes : (str, str), default ("_x", "_y")
            What is added to the names that both sides have, other than the keys.
        algorithm : str, optional
            Accepted for PyCylon's scripts; the core chooses.
        env : CylonEnv, optional
            Treat local frames as this rank's share. Collective then, as on partitioned frames.

        Notes
        -----
        Keys of the same name become one column. Null keys match null keys. The order of the rows is unspecified. A
        replicated frame needs no shuffle.

        Examples
        --------
        >>> left = pc.DataFrame({"k": [1, 2], "a": [10, 20]})
        >>> right = pc.DataFrame({"k": [2, 3], "b": ["x", "y"]})
        >>> left.merge(right, on="k")
           k   a  b
        0  2  20  x
        [1 row x 3 columns, local]
        """
        return merge(self, right, how, on, left_on, right_on, suffixes=suffixes, algorithm=algorithm, env=env)


def merge(
    left: Frame,
    right: Frame,
    how: How = "inner",
    on: Label | Sequence[Label] | None = None,
    left_on: Label | Sequence[Label] | None = None,
    right_on: Label | Sequence[Label] | None = None,
    *,
    suffixes: tuple[str, str] = ("_x", "_y"),
    algorithm: str | None = None,
    env: CylonEnv | None = None,
) -> DataFrame:
    """Match the rows of two frames on equal keys: `DataFrame.merge` as a function.

    Parameters
    ----------
    left, right : DataFrame
        The frames.
    how, on, left_on, right_on, suffixes, algorithm, env
        As in `DataFrame.merge`.
    """
    if not isinstance(right, Frame):
        raise TypeError(f"merge needs a pycylon.DataFrame, not {_type(right)}: wrap it in pycylon.DataFrame(...)")
    if how not in _HOW:
        raise InvalidError(f"how={how!r}: expected 'inner', 'left', 'right' or 'outer'", op="merge")
    if algorithm not in (None, "sort", "hash"):
        raise InvalidError(f"algorithm={algorithm!r}: expected 'sort' or 'hash'", op="merge")
    if isinstance(suffixes, str) or len(suffixes) != 2:
        raise InvalidError(f"suffixes={suffixes!r}: expected two, as in ('_x', '_y')", op="merge")
    left_keys, right_keys = _keys(left, right, on, left_on, right_on)
    plan = Plan("merge", [left, right], env)
    plan.node(
        "join",
        inputs=plan.inputs,
        how=_HOW[how],
        left_on=left_keys,
        right_on=right_keys,
        suffixes=[str(suffix or "") for suffix in suffixes],
    )
    return plan.run()


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
    join: str = "outer",
    env: CylonEnv | None = None,
    *,
    ignore_index: bool = True,
) -> DataFrame:
    """Return the rows of several frames, one frame after the other.

    Parameters
    ----------
    objs : iterable of DataFrame
        The frames: of the same columns, in any order, whose types may differ as numbers do.
    axis : int, default 0
        Only 0, rows.
    join : str, default "outer"
        Accepted for pandas' scripts: the columns must be the same.
    env : CylonEnv, optional
        Treat local frames as this rank's share.
    ignore_index : bool, default True
        Accepted for pandas' scripts: rows are always numbered from 0.

    Examples
    --------
    >>> import pycylon as pc
    >>> pc.concat([pc.DataFrame({"a": [1]}), pc.DataFrame({"a": [2]})]).to_dict()
    {'a': [1, 2]}
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
    if axis not in (0, "index") or join not in ("outer", "inner"):
        raise InvalidError(
            f"axis={axis!r}, join={join!r}: only rows of the same columns can be concatenated", op="concat"
        )
    names = frames[0].columns
    # Columns go together by name, as in pandas.
    frames = [f._project(names, "concat") if f.columns != names and set(f.columns) == set(names) else f for f in frames]
    plan = Plan("concat", frames, env)
    plan.node("concat", inputs=plan.inputs)
    return plan.run()
