"""The demo's chart: mean delay by carrier and month, as a PNG where matplotlib is installed, else as bars of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycylon import _optional

if TYPE_CHECKING:
    from collections.abc import Sequence

BAR_WIDTH = 48


def draw(rows: Sequence[tuple[str, int, float]], path: str) -> str:
    """Draw the chart.

    Parameters
    ----------
    rows : sequence of tuple
        Carrier, month, mean delay.
    path : str
        Where a PNG goes.

    Returns
    -------
    str
        What to print: the chart itself, or where it is.
    """
    if _optional.find("matplotlib") is None:
        return bars(rows)
    _png(rows, path)
    return f"chart: {path}"


def bars(rows: Sequence[tuple[str, int, float]]) -> str:
    """Return one bar for each carrier: the mean of its months.

    Examples
    --------
    >>> print(bars([("UA", 1, 6.0), ("UA", 2, 18.0), ("HA", 1, 3.0)]))
    UA  12.0 min ################################################
    HA   3.0 min ############
    """
    means = sorted(
        ((sum(delays) / len(delays), carrier) for carrier, delays in _by_carrier(rows).items()), reverse=True
    )
    longest = max((abs(mean) for mean, _ in means), default=1) or 1
    return "\n".join(
        f"{carrier:3s} {mean:4.1f} min {'#' * round(BAR_WIDTH * max(mean, 0) / longest)}" for mean, carrier in means
    )


def _by_carrier(rows: Sequence[tuple[str, int, float]]) -> dict[str, list[float]]:
    groups: dict[str, list[float]] = {}
    for carrier, _, delay in rows:
        groups.setdefault(carrier, []).append(delay)
    return groups


def _png(rows: Sequence[tuple[str, int, float]], path: str) -> None:
    from matplotlib.figure import Figure  # without pyplot: no display, no global state

    carriers = sorted({carrier for carrier, _, _ in rows})
    months = sorted({month for _, month, _ in rows})
    grid = [[float("nan")] * len(months) for _ in carriers]
    for carrier, month, delay in rows:
        grid[carriers.index(carrier)][months.index(month)] = delay
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(grid, aspect="auto", cmap="viridis")
    axes.set_xticks(range(len(months)), [str(month) for month in months])
    axes.set_yticks(range(len(carriers)), carriers)
    axes.set_xlabel("month of 2013")
    axes.set_title("Mean departure delay from New York, by carrier and month")
    figure.colorbar(image, label="minutes")
    figure.savefig(path, dpi=120)
