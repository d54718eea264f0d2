"""What is printed of a line, and whether it is as required."""

from __future__ import annotations

import math
from typing import Any

from line import REQUIRED_MEMORY, Line


def show(line: Line, told: dict[str, Any], is_quick: bool) -> bool:
    """Print what the engines took for a line, and tell whether the answers, the time and the memory are as required.

    Of a quick run only the answers count.
    """
    failed = {name: engine["error"] for name, engine in told["engines"].items() if "error" in engine}
    engines = {name: engine for name, engine in told["engines"].items() if name not in failed}
    rows = next(iter(engines.values()))["answer"].get("rows", 0)
    print(f"\n{told['line']}: {rows:,} rows of result; a copy of what it reads {_ms(told['copy'])}")
    for name, engine in sorted(engines.items(), key=lambda item: item[1]["min"]):
        right = "" if engine["right"] else f"   WRONG ANSWER {engine['answer']}"
        print(
            f"  {name:8s} {engine['version']:8s} min {_ms(engine['min'])} median {_ms(engine['median'])}"
            f" of {engine['runs']}  cpu {_ms(engine['cpu'])}  cold {_ms(engine.get('cold', 0))}"
            f"  peak {engine.get('peak', 0) / 1e6:8.1f} MB  {engine['min'] / told['copy']:7.1f} copies{right}"
        )
    for name, error in failed.items():
        print(f"  {name:8s} FAILED {error}")
    is_right = not failed and all(engine["right"] for engine in engines.values())
    if is_quick or "pycylon" in failed:
        return is_right
    ours, best = engines["pycylon"], best_peer(engines)
    peer = engines[best]
    ratio, memory = ours["min"] / peer["min"], ours["peak"] / max(peer["peak"], 1)
    speed = "goal met" if ratio <= line.goal else "as required" if ratio <= line.required else "TOO SLOW"
    size = "as required" if memory <= REQUIRED_MEMORY else "TOO MUCH"
    print(
        f"  against the best peer, {best}: {ratio:.2f} x (required {line.required:g}, goal {line.goal:g}): {speed}"
        f"; cold {ours['cold'] / peer['cold']:.2f} x; peak {memory:.2f} x (required {REQUIRED_MEMORY}): {size}"
    )
    return is_right and ratio <= line.required and memory <= REQUIRED_MEMORY


def best_peer(engines: dict[str, dict[str, Any]]) -> str:
    """Return the name of the fastest of the others."""
    return min((name for name in engines if name != "pycylon"), key=lambda name: engines[name]["min"])


def ratio_of(told: dict[str, Any]) -> list[float]:
    """Return pycylon's time of the best peer's; nothing where it failed."""
    engines = {name: engine for name, engine in told["engines"].items() if "error" not in engine}
    return [engines["pycylon"]["min"] / engines[best_peer(engines)]["min"]] if "pycylon" in engines else []


def show_mean(family: str, ratios: list[float], required: float | None) -> bool:
    """Print the geometric mean of a family's ratios, and tell whether it is as required."""
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    verdict = (
        "" if required is None else f" (required {required:g}): {'as required' if mean <= required else 'TOO SLOW'}"
    )
    print(f"\n{family}: geometric mean of {len(ratios)} lines against the best peer of each {mean:.2f} x{verdict}")
    return required is None or mean <= required


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:8.1f} ms"
