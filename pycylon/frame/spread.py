"""Rows from their ranks to all ranks or to one: `DataFrame.replicate`, `DataFrame.gather`."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from pycylon.errors import InvalidError
from pycylon.frame.placement import LOCAL, REPLICATED, resolve
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from pycylon.env import CylonEnv
    from pycylon.frame.core import DataFrame


def replicate(frame: DataFrame, env: CylonEnv | None) -> DataFrame:
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
        return frame
    plan = Plan("replicate", [frame], env)
    plan.node("replicate", inputs=plan.inputs)
    return plan.run()


def gather(frame: DataFrame, root: int, env: CylonEnv | None) -> DataFrame:
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
    table, _ = plan.execute()
    return frame._of(table, LOCAL)
