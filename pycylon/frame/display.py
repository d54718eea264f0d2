"""How frames and series look: a table of text, a table of HTML. Neither communicates."""

from __future__ import annotations

import html
import shutil
import unicodedata
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pycylon.frame.deferred import Deferred

if TYPE_CHECKING:
    from pycylon.frame.base import Frame

#: Rows shown of each end of a long frame; a frame of fewer than twice as many is shown whole.
EDGE_ROWS = 5
#: The longest string that is shown whole.
MAX_WIDTH = 40
MAX_HTML_COLUMNS = 30


def as_text(frame: Frame) -> str:
    """Return the first and last rows of a frame as text.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    """
    if is_unmade(frame):
        wide = max(map(_width, frame.columns), default=0)
        lines = [f"{name}{' ' * (wide - _width(name))}  {kind}" for name, kind in frame.dtypes.items()]
        return "\n".join([*lines, f"[{summary(frame)}]"])
    numbers, columns = _edges(frame)
    cells = [["", *_gap(numbers)]]
    cells += [[_clip(name), *_gap([_text(value) for value in values])] for name, values in columns]
    shown = _fit(cells, shutil.get_terminal_size((100, 24)).columns)
    lines = []
    for row in zip(*shown):
        lines.append("  ".join(row).rstrip())
    return "\n".join([*lines, f"[{summary(frame)}]"]) if columns else f"[{summary(frame)}]"


def as_info(frame: Frame) -> str:
    """Return the columns here, their types and the numbers of their values, as text.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    """
    here = frame.local
    names, kinds = here.columns, list(here.dtypes.values())
    values = here.count().to_dict() if names else {}
    lines = [summary(frame)]
    cells = [
        ["#", *map(str, range(len(names)))],
        ["column", *map(_clip, names)],
        ["non-null", *(str(values[name][0]) for name in names)],
        ["type", *kinds],
    ]
    wide = [max(map(_width, column)) for column in cells]
    for number, name, count, kind in zip(*cells):
        filled = name + " " * (wide[1] - _width(name))
        lines.append(f" {number:>{wide[0]}}  {filled}  {count:>{wide[2]}}  {kind}")
    return "\n".join([*lines, f"memory: {here.nbytes:,} bytes"])


def as_html(frame: Frame) -> str:
    """Return the first and last rows of a frame as an HTML table.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    """
    if is_unmade(frame):
        return f"<pre>{html.escape(as_text(frame))}</pre>"
    numbers, columns = _edges(frame)
    kinds = list(frame.dtypes.values())
    hidden = len(columns) - MAX_HTML_COLUMNS
    if hidden > 0:
        columns, kinds = columns[:MAX_HTML_COLUMNS], kinds[:MAX_HTML_COLUMNS]
    head = "".join(
        f'<th title="{html.escape(kind)}">{html.escape(name)}</th>' for (name, _), kind in zip(columns, kinds)
    )
    body = [_gap(numbers)]
    body += [_gap([_text(value) for value in values]) for _, values in columns]
    rows = "".join(
        f"<tr><th>{number}</th>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for number, *row in zip(*body)
    )
    more = f", {hidden} columns not shown" if hidden > 0 else ""
    return (
        f'<table border="1"><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f"<p>{html.escape(summary(frame) + more)}</p>"
    )


def summary(frame: Frame) -> str:
    """Return "3 rows x 2 columns, local", or this rank's part of it.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    """
    if is_unmade(frame):
        return f"{_counted(len(frame.columns), 'column')}, {frame.placement}, deferred: collect() makes the rows"
    rows, columns = frame.shape
    size = f"{_counted(rows, 'row')} x {_counted(columns, 'column')}"
    env = frame.env
    if frame.placement == "local" or env is None:
        return f"{size}, {frame.placement}"
    keys = frame._placement.keys
    by = f" by {', '.join(keys)}" if keys else ""
    if frame.placement == "replicated":
        return f"{size}, replicated on {_counted(env.world_size, 'rank')}"
    return f"rank {env.rank} of {env.world_size}: {size}, partitioned{by}"


def is_unmade(frame: Frame) -> bool:
    """Tell whether the frame is deferred and its rows are still to be made: to look at it must not do that."""
    table = frame._table
    return isinstance(table, Deferred) and table.rows_made is None


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def _edges(frame: Frame) -> tuple[list[str], list[tuple[str, list[Any]]]]:
    """Return the numbers of the rows that are shown, all or `EDGE_ROWS` of each end, and their values by column."""
    from pycylon.interop.decode import decode

    rows = len(frame)
    here = frame.local
    if rows < 2 * EDGE_ROWS:
        return [str(i) for i in range(rows)], decode(here._table, shown=True)
    top, bottom = (decode(end._table, shown=True) for end in (here.head(EDGE_ROWS), here.tail(EDGE_ROWS)))
    numbers = [*range(EDGE_ROWS), *range(rows - EDGE_ROWS, rows)]
    return [str(i) for i in numbers], [(name, first + last) for (name, first), (_, last) in zip(top, bottom)]


def _gap(cells: list[str]) -> list[str]:
    """Put an ellipsis between the two ends of a long frame."""
    if len(cells) < 2 * EDGE_ROWS:
        return cells
    return [*cells[:EDGE_ROWS], "...", *cells[EDGE_ROWS:]]


def _fit(cells: list[list[str]], width: int) -> list[list[str]]:
    """Align the columns to the right and leave out those in the middle that don't fit in `width`."""
    aligned = []
    for column in cells:
        size = max(map(_width, column), default=0)
        aligned.append([" " * (size - _width(cell)) + cell for cell in column])
    sizes = [_width(column[0]) + 2 for column in aligned]
    if sum(sizes) - 2 <= width or len(aligned) <= 3:
        return aligned
    left, right, used = 1, len(aligned), sizes[0] + 5
    while left < right:
        is_left = left <= len(aligned) - right
        next_size = sizes[left] if is_left else sizes[right - 1]
        if used + next_size > width and left > 1:
            break
        used += next_size
        left, right = (left + 1, right) if is_left else (left, right - 1)
    return [*aligned[:left], ["..."] * len(aligned[0]), *aligned[right:]]


def _width(text: str) -> int:
    """Return the cells that `text` takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return _clip(value)
    if isinstance(value, float):
        return f"{value:.1f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return str(value)


def _clip(text: str) -> str:
    line = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return line if len(line) <= MAX_WIDTH else line[: MAX_WIDTH - 3] + "..."
