"""Groups of rows: `DataFrame.groupby`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycylon.errors import InvalidError
from pycylon.frame.base import Frame, Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.env import CylonEnv
    from pycylon.groupby import GroupBy


class Grouping(Frame):
    """Methods that group rows."""

    __slots__ = ()

    def groupby(
        self,
        by: Label | Sequence[Label],
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
        by : str or sequence of str
            The keys.
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
        """
        from pycylon.groupby import GroupBy

        del groupby_type, observed
        if as_index:
            raise InvalidError(
                "as_index=True isn't supported: the keys are ordinary columns of the result", op="groupby"
            )
        return GroupBy(self, self._names(by), sort=sort, dropna=dropna, env=env)
