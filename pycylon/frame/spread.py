"""Rows from their ranks to all ranks or to one: `DataFrame.replicate`, `DataFrame.gather`."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, cast

from pycylon.errors import InvalidError
from pycylon.frame.base import Frame
from pycylon.frame.placement import LOCAL, REPLICATED, resolve
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from pycylon.env import CylonEnv
    from pycylon.frame.core import DataFrame


class Spreading(Frame):
    """Methods that move rows between ranks."""

    __slots__ = ()

    def replicate(self, env: CylonEnv | None = None) -> DataFrame:
        """Return the frame as one whose rows all ranks hold: a merge with it needs no shuffle.

        Parameters
        ----------
        env : CylonEnv, optional
            The job, for a local frame: you promise that every rank gives the same rows, in the same order. They are
            marked, not compared and not sent. If they differ, results are wrong.

        Notes
        -----
        Of a partitioned frame, every rank receives all rows, in the order of the ranks: collective.

        Examples
        --------
        >>> lookup = pc.DataFrame({"k": [1, 2], "name": ["one", "two"]})
        >>> with pc.CylonEnv() as env:
        ...     lookup.replicate(env).placement
        'replicated'
        """
        return replicate(self, env)

    def gather(self, root: int = 0, env: CylonEnv | None = None) -> DataFrame:
        """Return all rows as a local frame of one rank; the others get one without rows. Collective.

        Parameters
        ----------
        root : int, default 0
            The rank that gets the rows, in the order of the ranks.
        env : CylonEnv, optional
            Treat a local frame as this rank's share.

        Examples
        --------
        >>> with pc.CylonEnv() as env:
        ...     whole = pc.DataFrame({"a": [1, 2]}).gather(env=env)
        ...     if env.rank == 0:
        ...         print(whole)
           a
        0  1
        1  2
        [2 rows x 1 column, local]
        """
        return gather(self, root, env)

    def repartition(self, rows_per_partition: None = None, *, env: CylonEnv | None = None) -> DataFrame:
        """Return the frame with equally many rows on each rank, in the same order. Collective.

        Parameters
        ----------
        rows_per_partition : None
            PyCylon's list of sizes isn't supported: all ranks get as many.
        env : CylonEnv, optional
            Treat a local frame as this rank's share.
        """
        if rows_per_partition is not None:
            raise InvalidError("rows_per_partition= isn't supported: all ranks get as many rows", op="repartition")
        plan = Plan("repartition", [self], env)
        if plan.env is None:
            raise InvalidError("rows are spread over the ranks of a job: give env=", op="repartition")
        plan.node("repartition", inputs=plan.inputs)
        return plan.run()

    def evenly_partition(self, env: CylonEnv | None = None) -> DataFrame:
        """Return `repartition`, by another of PyCylon's names.

        Parameters
        ----------
        env : CylonEnv, optional
            As of `repartition`.
        """
        return self.repartition(env=env)


def replicate(frame: Frame, env: CylonEnv | None) -> DataFrame:
    """Return the frame with all rows on every rank: `DataFrame.replicate`.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    env : CylonEnv, optional
        What the caller gave.
    """
    if frame.placement == "local":
        if env is None:
            raise InvalidError(
                "the frame is local: pass env= to say that every rank of the job holds the same rows", op="replicate"
            )
        return frame._of(frame._table, REPLICATED, env)
    if frame.placement == "replicated":
        resolve([frame], env)
        return cast("DataFrame", frame)
    plan = Plan("replicate", [frame], env)
    plan.node("replicate", inputs=plan.inputs)
    return plan.run()


def gather(frame: Frame, root: int, env: CylonEnv | None) -> DataFrame:
    """Return the frame with all rows on one rank: `DataFrame.gather`.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    root : int
        The rank.
    env : CylonEnv, optional
        What the caller gave.
    """
    env, _ = resolve([frame], env)
    if env is None:
        raise InvalidError("the frame is local: pass env= if it is this rank's share of the rows", op="gather")
    root = operator.index(root)
    if not 0 <= root < env.world_size:
        raise InvalidError(f"root={root}: the ranks are 0 to {env.world_size - 1}", op="gather")
    if frame.placement == "replicated":
        return frame.local if env.rank == root else frame.local.head(0)
    plan = Plan("gather", [frame], env)
    plan.node("gather", inputs=plan.inputs, root=root)
    return plan.run(LOCAL)
