"""Values in an order, at random, or told apart: `Series.sort_values`, `nlargest`, `sample`, `unique`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pycylon.series.base import Values

if TYPE_CHECKING:
    from pycylon.env import CylonEnv
    from pycylon.frame.distinct import Keep
    from pycylon.frame.order import NAPosition
    from pycylon.series.core import Series


class Ordering(Values):
    """Methods that order the values, draw some of them, or tell them apart."""

    __slots__ = ()

    def sort_values(
        self,
        *,
        ascending: bool = True,
        na_position: NAPosition = "last",
        kind: str | None = None,
        ignore_index: bool = True,
        env: CylonEnv | None = None,
    ) -> Series:
        """Return the values in order.

        Parameters
        ----------
        ascending, na_position, kind, ignore_index, env
            As in `DataFrame.sort_values`.

        Examples
        --------
        >>> pc.Series("a", [2, None, 1]).sort_values(ascending=False).to_list()
        [2, 1, None]
        """
        ordered = self.to_frame().sort_values(
            self.name, ascending=ascending, na_position=na_position, kind=kind, ignore_index=ignore_index, env=env
        )
        return ordered._column(self.name)

    def nlargest(self, n: int = 5, keep: Literal["first", "last", "all"] = "first") -> Series:
        """Return the `n` largest values, the largest first.

        Parameters
        ----------
        n, keep
            As in `DataFrame.nlargest`.

        Examples
        --------
        >>> pc.Series("a", [2, 3, None, 1]).nlargest(2).to_list()
        [3, 2]
        """
        return self.to_frame().nlargest(n, self.name, keep)._column(self.name)

    def nsmallest(self, n: int = 5, keep: Literal["first", "last", "all"] = "first") -> Series:
        """Return the `n` smallest values, the smallest first.

        Parameters
        ----------
        n, keep
            As in `DataFrame.nlargest`.
        """
        return self.to_frame().nsmallest(n, self.name, keep)._column(self.name)

    def sample(
        self,
        n: int | None = None,
        frac: float | None = None,
        replace: bool = False,
        *,
        random_state: int | None = None,
    ) -> Series:
        """Return values drawn at random, in random order.

        Parameters
        ----------
        n, frac, replace, random_state
            As in `DataFrame.sample`.
        """
        return self.to_frame().sample(n, frac, replace, random_state=random_state)._column(self.name)

    def unique(self) -> Series:
        """Return each value once, as it comes first; null and NaN once, too.

        Notes
        -----
        Of a partitioned frame the order is unspecified. Collective then.

        Examples
        --------
        >>> pc.Series("a", ["y", "x", None, "y", None]).unique().to_list()
        ['y', 'x', None]
        """
        return self.drop_duplicates()

    def drop_duplicates(self, *, keep: Keep = "first") -> Series:
        """Return the values without those that equal another.

        Parameters
        ----------
        keep : {"first", "last", False}, default "first"
            Which of equal values to keep.
        """
        return self.to_frame().drop_duplicates(keep=keep)._column(self.name)

    def duplicated(self, *, keep: Keep = "first") -> Series:
        """Tell of each value whether `drop_duplicates` would drop it.

        Parameters
        ----------
        keep : {"first", "last", False}, default "first"
            Which of equal values to keep.

        Examples
        --------
        >>> pc.Series("a", [1, 2, 1]).duplicated().to_list()
        [False, False, True]
        """
        from pycylon.frame.distinct import repeated

        return repeated(self._frame, (self._expr,), keep, self.name)
