"""The main job in emulated Lambda functions that import pycylon from the unzipped layer alone, against pandas.

Usage: python lambda_layer/demo.py [--world 4]        (make demo-lambda prepares what it needs)
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from emulator import Function, fetch

ROOT = Path(__file__).resolve().parent.parent
IMPORT_GOAL_MS = 150
SHOWN_ROWS = 5


def run_job(world_size: int, layer: Path, folder: Path, work: Path) -> list[dict[str, Any]]:
    """Run one function per rank, at the same time, and return their results."""
    from pycylon._native import abi
    from pycylon.launch.local import job_token

    binary = fetch(ROOT / ".cache" / "emulator")
    rendezvous = abi.start_service("rendezvous", {"listen": "127.0.0.1:0"})
    functions: list[Function] = []
    try:
        token = job_token(rendezvous.info["address"], world_size)
        for rank in range(world_size):
            scratch = work / f"tmp-{rank}"
            scratch.mkdir()
            code = ROOT / "lambda_layer"
            functions.append(
                Function(
                    binary,
                    code,
                    "handler.handler",
                    layer=layer,
                    runtime=ROOT / ".cache" / "lambda-runtime",
                    scratch=scratch,
                )
            )
        events = [
            {"token": token, "world_size": world_size, "rank": r, "input": {"folder": str(folder)}}
            for r in range(world_size)
        ]
        with ThreadPoolExecutor(world_size) as pool:
            return list(pool.map(lambda function, event: function.invoke(event), functions, events))
    finally:
        for function in functions:
            function.close()
        rendezvous.stop()


def main() -> int:
    """Run the job, print what happened, and return an exit status: 1 if the answer is not pandas'."""
    from pycylon import _optional
    from pycylon.demo import data, job, peer, report

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--world", type=int, default=4)
    parser.add_argument("--layer", type=Path, default=ROOT / "dist" / "pycylon-layer-x86_64.zip")
    arguments = parser.parse_args()
    folder = data.folder()
    with tempfile.TemporaryDirectory(prefix="pycylon-lambda-") as name:
        work = Path(name)
        with zipfile.ZipFile(arguments.layer) as archive:
            archive.extractall(work / "layer")
            unzipped = sum(entry.file_size for entry in archive.infolist())
        start = time.perf_counter()
        ranks = run_job(arguments.world, work / "layer", folder, work)
        elapsed = time.perf_counter() - start
    pandas = _optional.need("pandas", "the comparison with pandas")
    answer = pandas.concat([pandas.DataFrame(rank["frame"]) for rank in ranks], ignore_index=True)
    expected, seconds = peer.delays(folder)
    differences = peer.differences(answer.astype(expected.dtypes.to_dict()), expected)
    print(answer.head(SHOWN_ROWS).to_string(index=False, float_format="{:.2f}".format), end="\n\n")
    print(report.phases(ranks))
    print(f"\n{len(ranks)} functions, {report.connections(ranks)}; {elapsed:.1f} s with their start")
    print(f"pandas in one process: {seconds:.2f} s")
    print(f"layer: {arguments.layer.stat().st_size / 1e6:.1f} MB zipped, {unzipped / 1e6:.1f} MB unzipped")
    slowest = 1000 * max(rank["import_seconds"] for rank in ranks)
    print(f"import of pycylon in the functions: at most {slowest:.0f} ms (goal {IMPORT_GOAL_MS})")
    missing = [
        (a, b) for a in range(len(ranks)) for b in range(a) if not any(p["rank"] == b for p in ranks[a]["env"]["peers"])
    ]
    if missing:
        differences.append(f"no direct connection between ranks {missing}")
    if differences:
        print("THE ANSWERS DIFFER: " + "; ".join(differences))
        return 1
    print(f"the answers agree: {len(answer)} groups by {', '.join(job.KEYS)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
