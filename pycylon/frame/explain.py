"""What a plan does and what it took: `DataFrame.explain`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pycylon.errors import InvalidError
from pycylon.frame.deferred import Deferred, Node, run, spell

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from pycylon.frame.base import Frame

#: The longest description of an operator that is shown whole.
MAX_TEXT = 72


class Explanation:
    """The operators of a plan as a tree and, of one that ran, what each took.

    Parameters
    ----------
    ranks : list of dict
        What each rank tells: "seconds", "operators" and "spans". One, of a plan that didn't run or isn't spread.
    is_analyzed : bool
        Whether the plan ran.
    """

    def __init__(self, ranks: list[dict[str, Any]], is_analyzed: bool) -> None:
        self._ranks, self._is_analyzed = ranks, is_analyzed

    @property
    def operators(self) -> list[list[dict[str, Any]]]:
        """Of each rank the operators, inputs first.

        Each has "op", "text" and "inputs" (places in the list); of a plan that ran also "rows" and "bytes" (that it
        made), "busy_seconds" (of all workers together), "bytes_spilled", "peak_bytes", "bytes_sent" and
        "bytes_received".
        """
        return [rank["operators"] for rank in self._ranks]

    def __repr__(self) -> str:
        """Return the tree, the last operator first, with what each took."""
        lines = list(self._lines())
        wide = max(len(text) for text, _ in lines)
        table = [f"{text:{wide}}  {cells}".rstrip() for text, cells in lines]
        if self._is_analyzed:
            seconds = max(rank["seconds"] for rank in self._ranks)
            table.append(f"[{_seconds(seconds)} in all; time is that of all workers together, without waiting]")
        return "\n".join(table)

    def _lines(self) -> Iterator[tuple[str, str]]:
        if self._is_analyzed:
            yield "", "".join(f"{title:>12}" for title in _CELLS)
        first = self._ranks[0]["operators"]
        shown: set[int] = set()
        stack = [(len(first) - 1, "", "")]
        while stack:
            at, lead, indent = stack.pop()
            operator = first[at]
            text = operator["text"]
            text = text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 3] + "..."
            if at in shown:
                yield f"{lead}{text}, as above", ""
                continue
            shown.add(at)
            everywhere = [rank["operators"][at] for rank in self._ranks]
            yield lead + text, self._cells(everywhere)
            if len(everywhere) > 1:
                for rank, here in enumerate(everywhere):
                    yield f"{indent}{'|' if operator.get('inputs') else ' '}    rank {rank}", self._cells([here])
            inputs = operator.get("inputs") or []
            for place, read in reversed(list(enumerate(inputs))):
                is_last = place == len(inputs) - 1
                stack.append((read, f"{indent}{'`' if is_last else '|'}- ", indent + ("   " if is_last else "|  ")))

    def _cells(self, operators: list[dict[str, Any]]) -> str:
        """Return the numbers of an operator on some ranks: sums, but the highest peak."""
        if not self._is_analyzed:
            return ""
        cells = []
        for key, show in _CELLS.values():
            values = [operator.get(key, 0) for operator in operators]
            cells.append(f"{show(max(values) if key == 'peak_bytes' else sum(values)):>12}")
        return "".join(cells)

    def write_trace(self, path: str | os.PathLike[str]) -> None:
        """Write what the workers did and when, as JSON that https://ui.perfetto.dev and chrome://tracing show.

        Parameters
        ----------
        path : path-like
            The file, replaced if it exists.
        """
        Path(path).write_text(json.dumps({"traceEvents": list(self._events()), "displayTimeUnit": "ms"}))

    def _events(self) -> Iterator[dict[str, Any]]:
        for number, rank in enumerate(self._ranks):
            yield {"ph": "M", "name": "process_name", "pid": number, "tid": 0, "args": {"name": f"rank {number}"}}
            workers = sorted({span[1] for span in rank.get("spans") or ()})
            for worker in workers:
                name = "plan" if worker < 0 else f"worker {worker}"
                yield {"ph": "M", "name": "thread_name", "pid": number, "tid": worker + 1, "args": {"name": name}}
            for at, worker, since, until in rank.get("spans") or ():
                operator = rank["operators"][at]
                yield {
                    "ph": "X",
                    "name": operator["op"],
                    "pid": number,
                    "tid": worker + 1,
                    "ts": since,
                    "dur": until - since,
                    "args": {"step": at, "does": operator["text"]},
                }


def explain(frame: Frame, analyze: bool, trace: str | os.PathLike[str] | None) -> Explanation:
    """Return what makes a frame's rows: `DataFrame.explain`.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    analyze, trace
        As in `DataFrame.explain`.
    """
    if trace is not None and not analyze:
        raise InvalidError("trace= writes what a run did: pass analyze=True too", op="explain")
    table, env = frame._table, frame._env
    node = table.node if isinstance(table, Deferred) else Node.of(table, frame._placement)
    plan_env = table.env if isinstance(table, Deferred) else env
    _, info = run(spell(node, "analyze" if analyze else "explain"), "explain", plan_env)
    ranks = [_told(info)]
    if analyze and plan_env is not None and plan_env.world_size > 1 and frame.placement == "partitioned":
        ranks = [json.loads(text) for text in plan_env.comm.allgather(json.dumps(ranks[0]).encode())]
    made = Explanation(ranks, analyze)
    if trace is not None and (len(ranks) == 1 or plan_env is None or plan_env.rank == 0):
        made.write_trace(trace)
    return made


def _told(info: Mapping[str, Any]) -> dict[str, Any]:
    stats = info["stats"]
    return {"seconds": stats["seconds"], "operators": stats["operators"], "spans": stats.get("spans")}


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.2f} ms"


def _bytes(value: float) -> str:
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


#: The columns of the table: what an operator tells, and how it is shown.
_CELLS = {
    "rows": ("rows", _count),
    "bytes": ("bytes", _bytes),
    "time": ("busy_seconds", _seconds),
    "spilled": ("bytes_spilled", _bytes),
    "peak": ("peak_bytes", _bytes),
    "sent": ("bytes_sent", _bytes),
}
