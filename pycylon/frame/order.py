"""Rows in an order, or at random: `DataFrame.sort_values`, `nlargest`, `sample`."""

from __future__ import annotations

import math
import operator
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pycylon.arguments import number, whole
from pycylon.errors import InvalidError
from pycylon.expr import Column, Over
from pycylon.frame.base import Frame, Label
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from pycylon.env import CylonEnv
    from pycylon.frame.core import DataFrame


#: Where nulls go in a sort.
NAPosition = Literal["last", "first"]


class Ordering(Frame):
    """Methods that order rows."""

    __slots__ = ()

    def sort_values(
        self,
        by: Label | Sequence[Label],
        ascending: bool | Sequence[bool] = True,
        *,
        na_position: NAPosition | Sequence[NAPosition] = "last",
        kind: str | None = None,
        ignore_index: bool = True,
        env: CylonEnv | None = None,
    ) -> DataFrame:
        """Return the rows in the order of some columns; rows of equal keys keep their order.

        Parameters
        ----------
        by : str or sequence of str
            The columns, the most significant first.
        ascending : bool or sequence of bool, default True
            The directions.
        na_position : {"last", "first"} or sequence of them, default "last"
            Where nulls go, whatever the direction: in all columns, or in each. NaN lies between the numbers and the
            nulls.
        kind : str, optional
            Accepted for pandas' scripts: every sort is stable.
        ignore_index : bool, default True
            Accepted for pandas' scripts: rows are always numbered from 0.
        env : CylonEnv, optional
            Treat a local frame as this rank's share: the order then goes on from rank to rank. Collective.

        Examples
        --------
        >>> pc.DataFrame({"a": [2, None, 1]}).sort_values("a", ascending=False).to_dict()
        {'a': [2, 1, None]}
        """
        del ignore_index, kind
        plan = Plan("sort_values", [self], env)
        keys = _sort_keys(self._names(by), ascending, na_position)
        plan.node("sort", inputs=plan.inputs, keys=keys)
        return plan.run()

    def nlargest(
        self,
        n: int,
        columns: Label | Sequence[Label],
        keep: Literal["first", "last", "all"] = "first",
        *,
        env: CylonEnv | None = None,
    ) -> DataFrame:
        """Return the `n` rows with the largest values of some columns, the largest first.

        Parameters
        ----------
        n : int
            How many.
        columns : str or sequence of str
            The columns, the most significant first.
        keep : {"first", "last", "all"}, default "first"
            Which of rows with equal values to take, and to put first; or all that equal the last one, so that there
            may be more than `n`.
        env : CylonEnv, optional
            Treat a local frame as this rank's share: the rows of all ranks are meant. Collective.

        Notes
        -----
        The same as ``sort_values(columns, ascending=False).head(n)``, of which a deferred frame makes the same plan:
        rows that can't be among the first aren't sorted. Rows with nulls come last.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [2, 3, None, 3], "b": ["w", "x", "y", "z"]})
        >>> df.nlargest(1, "a").to_dict()
        {'a': [3], 'b': ['x']}
        >>> df.nlargest(1, "a", keep="all").to_dict()
        {'a': [3, 3], 'b': ['x', 'z']}
        """
        return self._extreme("nlargest", n, self._names(columns), keep, False, env)

    def nsmallest(
        self,
        n: int,
        columns: Label | Sequence[Label],
        keep: Literal["first", "last", "all"] = "first",
        *,
        env: CylonEnv | None = None,
    ) -> DataFrame:
        """Return the `n` rows with the smallest values of some columns, the smallest first.

        Parameters
        ----------
        n, columns, keep, env
            As in `nlargest`.

        Examples
        --------
        >>> pc.DataFrame({"a": [2, 3, None, 1]}).nsmallest(2, "a").to_dict()
        {'a': [1, 2]}
        """
        return self._extreme("nsmallest", n, self._names(columns), keep, True, env)

    def _extreme(
        self, operation: str, n: int, names: list[str], keep: str, ascending: bool, env: CylonEnv | None
    ) -> DataFrame:
        if keep not in ("first", "last", "all"):
            raise InvalidError(f"keep={keep!r}: expected 'first', 'last' or 'all'", op=operation)
        n = whole(n, "n", operation)
        plan = Plan(operation, [self], env)
        keys = _sort_keys(names, ascending, "last", operation)
        if keep == "all":
            order = tuple((Column(name), ascending) for name in names)
            place = Over("rank", order=order, keys={"na_position": "last"}).to_json(plan)
            first = {"fn": "le", "args": [place, {"lit": plan.literal(n)}]}
            ordered = plan.node("filter", inputs=plan.inputs, predicate=first)
            plan.node("sort", inputs=[ordered], keys=keys)
            plan.without_windows()
        else:
            ordered = plan.node("sort", inputs=plan.inputs, keys=keys, ties=keep)
            plan.node("slice", inputs=[ordered], length=max(n, 0))
        return plan.run()

    def sample(
        self,
        n: int | None = None,
        frac: float | None = None,
        replace: bool = False,
        *,
        random_state: int | None = None,
        ignore_index: bool = True,
        env: CylonEnv | None = None,
    ) -> DataFrame:
        """Return rows drawn at random, in random order.

        Parameters
        ----------
        n : int, optional
            How many. Default: 1, unless `frac` is given.
        frac : float, optional
            How many of each row there is.
        replace : bool, default False
            Whether a row may be drawn more than once.
        random_state : int, optional
            The seed, from 0 to 2**64 - 1: the same draws the same rows, whatever the threads and the ranks.
            Default: another one each time.
        ignore_index : bool, default True
            Accepted for pandas' scripts: rows are always numbered from 0.
        env : CylonEnv, optional
            Treat a local frame as this rank's share: rows of all ranks are drawn. Collective. The order of rows drawn
            with replacement is unspecified then.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [10, 20, 30, 40]})
        >>> sorted(df.sample(frac=1, random_state=3)["a"])
        [10, 20, 30, 40]
        >>> len(df.sample(9, replace=True))
        9
        """
        del ignore_index
        if n is not None and frac is not None:
            raise InvalidError("give either n= or frac=, not both", op="sample")
        n = None if n is None else whole(n, "n", "sample")
        frac = None if frac is None else number(frac, "frac", "sample")
        random_state = None if random_state is None else _seed(random_state)
        if (n is not None and n < 0) or (frac is not None and not 0 <= frac < math.inf):
            raise InvalidError(f"n={n!r}, frac={frac!r}: expected at least 0", op="sample")
        if frac is not None and frac > 1 and not replace:
            raise InvalidError(f"frac={frac!r}: give replace=True to draw more rows than there are", op="sample")
        plan = Plan("sample", [self], env)
        if random_state is None:
            random_state = secrets.randbits(63)
            if plan.env is not None:
                random_state = plan.env.comm.bcast(random_state)
        count = {"n": 1 if n is None else n} if frac is None else {"frac": frac}
        plan.node("sample", inputs=plan.inputs, **count, replace=replace, seed=random_state)
        return plan.run()


def _seed(given: object) -> int:
    """Return the seed of a sample, which has 64 bits and no sign."""
    try:
        seed = operator.index(given)  # type: ignore[arg-type]
    except TypeError:
        seed = -1
    if not 0 <= seed < 2**64:
        raise InvalidError(f"random_state={given!r}: expected an int from 0 to 2**64 - 1", op="sample")
    return seed


def _sort_keys(
    names: list[str],
    ascending: bool | str | Sequence[bool],
    na_position: NAPosition | Sequence[NAPosition],
    operation: str = "sort_values",
) -> list[dict[str, Any]]:
    """Return sort keys as plans spell them."""
    if not names:
        raise InvalidError("there are no columns to sort by", op=operation)
    if isinstance(ascending, str):
        raise InvalidError(
            f"ascending={ascending!r}: expected True or False, for all columns or for each", op=operation
        )
    directions = list(ascending) if isinstance(ascending, Sequence) else [ascending] * len(names)
    if len(directions) != len(names):
        raise InvalidError(f"ascending= has {len(directions)} directions for {len(names)} columns", op=operation)
    ends = [na_position] * len(names) if isinstance(na_position, str) else list(na_position)
    if len(ends) != len(names):
        raise InvalidError(f"na_position= has {len(ends)} positions for {len(names)} columns", op=operation)
    for end in ends:
        if end not in ("first", "last"):
            raise InvalidError(f"na_position={end!r}: expected 'first' or 'last'", op=operation)
    return [
        {"column": name, "ascending": bool(up), "na_position": end} for name, up, end in zip(names, directions, ends)
    ]
