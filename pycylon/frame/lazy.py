"""Frames whose rows are made when somebody looks: `DataFrame.lazy`, `DataFrame.collect`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycylon.frame.base import Frame
from pycylon.frame.deferred import Deferred, Node

if TYPE_CHECKING:
    import os

    from pycylon.frame.core import DataFrame
    from pycylon.frame.explain import Explanation


class Lazy(Frame):
    """Methods that say when rows are made."""

    __slots__ = ()

    def lazy(self) -> DataFrame:
        """Return the same rows as a deferred frame, whose methods collect into one plan.

        Notes
        -----
        Methods of a deferred frame check names and types at once, and return the next deferred frame. The plan runs,
        as one, when its rows are asked for: by `collect`, ``len``, ``shape``, ``to_...``, iteration over a column's
        values, or by a method whose columns depend on the values. It runs once: the frame keeps its rows. ``columns``,
        ``dtypes``, ``placement`` and ``repr`` never run it.

        As one plan, operations read only the columns and rows that later ones need; what several need is made once.
        What nobody needs is not computed, so an error in it is not raised. Of partitioned frames, what runs the plan
        is collective: all ranks do it.

        Examples
        --------
        >>> df = pc.DataFrame({"k": ["a", "b", "a"], "v": [1, 2, 3]}).lazy()
        >>> sums = df[df["v"] > 1].groupby("k").agg(total=("v", "sum"))
        >>> sums
        k      utf8
        total  int64
        [2 columns, local, deferred: collect() makes the rows]
        >>> sums.collect()
           k  total
        0  a      3
        1  b      2
        [2 rows x 2 columns, local]
        """
        if isinstance(self._table, Deferred):
            return self.__copy__()
        return self._same(
            Deferred(Node.of(self._table, self._placement), "lazy", self._env), self._placement, self._env
        )

    def collect(self) -> DataFrame:
        """Return the frame with its rows, made now unless they are there. Collective on a partitioned deferred frame.

        Examples
        --------
        >>> pc.DataFrame({"a": [2, 1]}).lazy().sort_values("a").collect().to_dict()
        {'a': [1, 2]}
        """
        if isinstance(self._table, Deferred):
            return self._same(self._table.made(), self._placement, self._env)
        return self.__copy__()

    def explain(self, *, analyze: bool = False, trace: str | os.PathLike[str] | None = None) -> Explanation:
        """Return the operators that make the rows, as a tree, after what later ones don't need was left out.

        Parameters
        ----------
        analyze : bool, default False
            Run the plan, drop its rows, and tell what each operator took: rows and bytes that it made, time, bytes
            that it wrote to disk, the plan's peak of working memory while it ran, bytes sent to other ranks. Collective
            on a partitioned frame, and then told of each rank.
        trace : path-like, optional
            With `analyze`: write what each worker did and when to a file that https://ui.perfetto.dev shows. Of several
            ranks, rank 0 writes it for all.

        Examples
        --------
        >>> df = pc.DataFrame({"k": ["a", "b", "a"], "v": [1, 2, 3], "w": [4, 5, 6]}).lazy()
        >>> df[df["v"] > 1].groupby("k").agg(total=("v", "sum")).explain()
        sort by k
        `- group by k: sum(v)
           `- filter (v > 1)
              `- project k, v
                 `- source table
        """
        from pycylon.frame.explain import explain

        return explain(self, analyze, trace)

    @property
    def is_lazy(self) -> bool:
        """Whether the frame is deferred: its methods add to a plan."""
        return isinstance(self._table, Deferred)


def lazy(data: object) -> DataFrame:
    """Return a deferred frame of `data`: `DataFrame.lazy` as a function.

    Parameters
    ----------
    data : object
        A frame, or anything that `DataFrame` takes.
    """
    from pycylon.frame.core import DataFrame

    return (data if isinstance(data, DataFrame) else DataFrame(data)).lazy()
