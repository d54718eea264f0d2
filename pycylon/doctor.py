"""``python -m pycylon doctor``: what NATs are before this machine, and which paths lead to another one."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

# Exit statuses: of a direct path (or, for one machine alone, an answer), of the relay or a store alone, of no path.
DIRECT, INDIRECT, NONE = 0, 3, 4

_INDIRECT = ("relay", "redis", "s3", "custom")


def examine(servers: Sequence[str], token: str | None, timeout: float) -> dict[str, Any]:
    """Examine this machine's connection and, with a token of two ranks, the ways to the other that calls this.

    Parameters
    ----------
    servers : sequence of str
        The rendezvous server, ``HOST:PORT``, where there is no token.
    token : str or None
        The token.
    timeout : float
        How long to wait for the other rank, in seconds.
    """
    from pycylon._native import abi

    found: list[dict[str, Any]] = []
    failed: list[BaseException] = []

    def run() -> None:
        options = {"servers": list(servers), "token": token, "timeout": timeout}
        try:
            found.append(abi.start_service("doctor", options).info)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="doctor", daemon=True)
    thread.start()
    while thread.is_alive():  # in slices, between which Ctrl-C is seen
        thread.join(0.1)
    if failed:
        raise failed[0]
    return found[0]


def status(found: dict[str, Any]) -> int:
    """Return the exit status that stands for what was found."""
    pair = found["pair"]
    if found["failure"] or (pair is not None and not pair["best"]):
        return NONE
    return INDIRECT if pair is not None and pair["best"] in _INDIRECT else DIRECT


def report(found: dict[str, Any], as_json: bool = False) -> str:
    """Return what was found as text for people, or as JSON.

    Parameters
    ----------
    found : dict
        What `examine` returned.
    as_json : bool
        For programs.
    """
    if as_json:
        return json.dumps(found, indent=2)
    lines: list[str] = []
    for family in found["families"]:
        lines += _family(family)
    if found["pair"] is not None:
        lines += _pair(found["pair"])
    if found["failure"]:
        lines += ["", f"The other rank: {found['failure']}"]
    return "\n".join([*lines, "", *found["advice"]])


def _family(r: dict[str, Any]) -> list[str]:
    kept = "kept" if r["port_preserved"] else "changed"
    answer = "answered with RST" if r["answers_with_rst"] else "dropped"
    entries = [
        ("server", f"{r['server']}, answers in {r['rtt_ms']:.1f} ms"),
        (
            "address",
            f"{r['local']}, seen as {r['public']}" if r["translated"] else f"{r['local']}, seen as such: no NAT",
        ),
    ]
    if r["translated"]:
        entries.append(("mapping", f"{r['mapping']}, port {kept}"))
    entries.append(("filtering", r["filtering"] + (f", the rest is {answer}" if "dependent" in r["filtering"] else "")))
    if r["filtering"] == "endpoint-independent":
        entries[-1] = ("filtering", "endpoint-independent: anybody is let in")
    if r["hairpinning"] is not None:
        entries.append(("hairpinning", "yes" if r["hairpinning"] else "no"))
    return [r["family"], *(f"  {name:<13}{text}" for name, text in entries)]


def _pair(pair: dict[str, Any]) -> list[str]:
    rows = [("path", "dialled", "address", "works", "setup ms", "RTT ms", "MB/s 0>1", "MB/s 1>0", "why not")]
    for way in pair["ways"]:
        dialled = "by both" if way["path"] in ("punched", *_INDIRECT) else f"by {way['from']}"
        measured = ["", "", "", ""]
        if way["works"]:
            speeds = [f"{speed:.1f}" for speed in way["mb_per_s"]]
            measured = [f"{way['setup_ms']:.0f}", f"{way['rtt_ms']:.2f}", *speeds]
        works = "yes" if way["works"] else "no"
        rows.append((way["path"], dialled, way["address"], works, *measured, way["reason"]))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    best = f"ranks of these machines take {pair['best']}" if pair["best"] else "no path works"
    return ["", f"This is rank {pair['rank']} of two: {best}", *(f"  {line}" for line in table)]
