"""Groups of rows: `DataFrame.groupby`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon.errors import InvalidError
from pycylon.expr import Column, Expr
from pycylon.frame.base import Frame, Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.env import CylonEnv
    from pycylon.groupby import GroupBy
    from pycylon.series import Series


class Grouping(Frame):
    """Methods that group rows."""

    __slots__ = ()

    def groupby(
        self,
        by: Label | Series | Sequence[Label | Series],
        *,
        as_index: bool = False,
        sort: bool = True,
        dropna: bool = True,
        observed: bool = True,
        groupby_type: str | None = None,
        env: CylonEnv | None = None,
    ) -> GroupBy:
        """Group the rows by equal keys; an aggregate of the result computes.

        Parameters
        ----------
        by : str, Series or sequence of those
            The keys: columns by name, or series of this frame, ``df["d"].dt.year``, which give the keys their names.
        as_index : bool, default False
            Accepted if False: the keys are ordinary columns of the result, unlike pandas' default.
        sort : bool, default True
            Whether the result is in the order of the keys.
        dropna : bool, default True
            Whether rows with a null key are left out.
        observed : bool, default True
            Accepted for pandas' scripts: only the keys that are there make groups, of dictionaries, too.
        groupby_type : str, optional
            Accepted for PyCylon's scripts; the core chooses.
        env : CylonEnv, optional
            Treat a local frame as this rank's share. Collective then, as on a partitioned frame.

        Examples
        --------
        >>> df = pc.DataFrame({"k": ["a", "b", "a"], "v": [1, 2, 3]})
        >>> df.groupby("k").agg(total=("v", "sum"), n=("v", "count"))
           k  total  n
        0  a      4  2
        1  b      2  1
        [2 rows x 3 columns, local]
        >>> df.groupby((df["v"] > 1).rename("large"))["v"].sum().to_dict()
        {'large': [False, True], 'v': [1, 5]}
        """
        from pycylon.groupby import GroupBy

        del groupby_type, observed
        if as_index:
            raise InvalidError(
                "as_index=True isn't supported: the keys are ordinary columns of the result", op="groupby"
            )
        return GroupBy(self, _keys(self, by), sort=sort, dropna=dropna, env=env)


def _keys(frame: Frame, by: Any) -> dict[str, Expr]:
    """Return the keys by name: columns, or what series of the frame compute."""
    from pycylon.series import Series

    keys: dict[str, Expr] = {}
    for key in by if isinstance(by, (list, tuple)) else [by]:
        if not isinstance(key, Series):
            keys.update((name, Column(name)) for name in frame._names(key))
            continue
        if key._frame._table is not frame._table:
            raise InvalidError(
                f"the key {key.name!r} is of another frame: compute it from the frame that is grouped", op="groupby"
            )
        if key.name in keys:
            raise InvalidError(
                f"two keys are called {key.name!r}: rename one, as in df['d'].dt.year.rename('year')", op="groupby"
            )
        keys[key.name] = key._expr
    return keys
