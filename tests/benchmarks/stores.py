"""The same all-to-all directly, through Redis and through S3: time, requests and modelled price, side by side.

Usage: python tests/benchmarks/stores.py [--ranks 4] [--sizes 1000 1000000] [--rounds 5]     (part of make bench-comm)

All ranks and servers are processes of this machine: redis-server with a password, and versitygw over a folder. So times
are of software, without the network's latency: S3 itself takes some 30 ms for what the server here does in 1. Requests
are counted by the servers. Prices are AWS's in us-east-1: of the requests to S3, and of the ranks' seconds at one
processor each (1.769 GB); a Redis server's hours come on top, as does the rendezvous server's, and are not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

BIN = Path(__file__).parents[2] / ".cache" / "bin"
SECOND = 16.6667e-6 * 1.769
PUT, GET = 5e-6, 0.4e-6
PROGRAMS = {"loopback": "", "redis": "redis-server", "s3": "versitygw"}


def rank(sizes: list[int], rounds: int) -> None:
    """Run as a rank: print the seconds of each round for each size."""
    import pycylon as pc

    with pc.CylonEnv() as env:
        seconds: dict[int, list[float]] = {}
        for size in sizes:
            parts = [bytes([env.rank]) * size for _ in range(env.world_size)]
            for number in range(rounds + 1):
                env.comm.barrier()
                began = time.perf_counter()
                got = env.comm.alltoall(parts)
                took = env.comm.allreduce(time.perf_counter() - began, op="max")
                assert [part[:1] for part in got] == [bytes([r]) for r in range(env.world_size)]
                assert all(len(part) == size for part in got)
                if number:  # the first warms up
                    seconds.setdefault(size, []).append(took)
        if env.rank == 0:
            print(json.dumps({"paths": sorted({p["path"] for p in env.describe()["peers"]}), "seconds": seconds}))


def program(name: str) -> str | None:
    """Find a server's program."""
    return shutil.which(name) or shutil.which(str(BIN / name))


def serve(stack: ExitStack, command: list[str], **variables: str) -> int:
    """Run a server on a free port until the stack is unwound, and return the port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    server = subprocess.Popen(
        [part.format(port=port) for part in command],
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack.callback(lambda: (server.kill(), server.wait()))
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return port
        time.sleep(0.02)
    raise SystemExit(f"{command[0]} doesn't start")


def launch(ranks: int, sizes: list[int], rounds: int, **variables: str) -> dict[str, list[float]]:
    """Run the ranks and return the seconds by size."""
    command = [sys.executable, "-m", "pycylon", "run", "-n", str(ranks), __file__, "--as-rank"]
    command += ["--rounds", str(rounds), "--sizes", *map(str, sizes)]
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, timeout=600)
    match = re.search(r"\{.*\}", done.stdout)
    if match is None:
        raise SystemExit(f"no result:\n{done.stdout}{done.stderr}")
    told = json.loads(match[0])
    if told["paths"] != [variables["PYCYLON_PATHS"]]:
        raise SystemExit(f"the ranks are connected by {told['paths']}")
    seconds: dict[str, list[float]] = told["seconds"]
    return seconds


def redis_requests(port: int) -> int:
    """Return how many commands a Redis server has had."""
    with socket.create_connection(("127.0.0.1", port)) as server:
        server.sendall(b"AUTH pw\r\nINFO stats\r\nQUIT\r\n")
        text = b""
        while chunk := server.recv(65536):
            text += chunk
    found = re.search(rb"total_commands_processed:(\d+)", text)
    return int(found[1]) if found else 0


def s3_requests(log: Path) -> tuple[int, int]:
    """Return how many requests of the dear kind (PUT, LIST) and of the cheap one (GET) a log has; DELETE is free."""
    text = log.read_text()
    return text.count(" s3_PutObject ") + text.count(" s3_ListObjectsV2 "), text.count(" s3_GetObject ")


def main() -> int:
    """Run the benchmark and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=int, default=4)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 100_000, 4_000_000], help="bytes for each pair")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--as-rank", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.as_rank:
        rank(arguments.sizes, arguments.rounds)
        return 0
    ranks, rounds = arguments.ranks, arguments.rounds
    print(
        f"all-to-all of {ranks} ranks, min / median of {rounds} rounds; requests and price of one, its barrier included"
    )
    for size in arguments.sizes:
        direct = 0.0
        for path in ("loopback", "redis", "s3"):
            if PROGRAMS[path] and program(PROGRAMS[path]) is None:
                print(f"{size:10,} B  {path:9} {PROGRAMS[path]} is missing: make test-deps installs it")
                continue
            # What opening and closing cost is in a short run, too.
            _, less = measure(path, ranks, size, 1)
            seconds, more = measure(path, ranks, size, rounds)
            requests = [max(m - n, 0) / (rounds - 1) for m, n in zip(more, less, strict=True)]
            middle = statistics.median(seconds)
            direct = direct or middle
            dollars = middle * ranks * SECOND + requests[0] * PUT * (path == "s3") + requests[1] * GET
            print(
                f"{size:10,} B  {path:9} {min(seconds) * 1e3:9.2f} {middle * 1e3:9.2f} ms  x{middle / direct:6.1f}"
                f"  {requests[0]:7.0f} + {requests[1]:4.0f} requests  {dollars * 1e6:10.2f} u$"
            )
    return 0


def measure(path: str, ranks: int, size: int, rounds: int) -> tuple[list[float], tuple[int, int]]:
    """Run one size over one path with a server of its own: the seconds, and the server's requests by their price."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        variables, port, name = {"PYCYLON_PATHS": path}, 0, program(PROGRAMS[path]) or ""
        if path == "redis":
            command = [name, "--bind", "127.0.0.1", "--port", "{port}", "--requirepass", "pw", "--save", ""]
            port = serve(stack, [*command, "--dir", str(folder)])
            variables["PYCYLON_STORES"] = f"redis://:pw@127.0.0.1:{port}/0"
        elif path == "s3":
            (folder / "root" / "bucket").mkdir(parents=True)
            command = [name, "--port", "127.0.0.1:{port}", "--access-log", str(folder / "log"), "--quiet"]
            command += ["posix", "--nometa", str(folder / "root")]
            port = serve(stack, command, ROOT_ACCESS_KEY="pycylon", ROOT_SECRET_KEY="a secret")
            variables |= {"AWS_ACCESS_KEY_ID": "pycylon", "AWS_SECRET_ACCESS_KEY": "a secret"}
            variables["PYCYLON_STORES"] = f"s3://bucket/jobs?endpoint=http://127.0.0.1:{port}"
        seconds = launch(ranks, [size], rounds, **variables)[str(size)]
        if path == "s3":
            return seconds, s3_requests(folder / "log")
        return seconds, (redis_requests(port) if path == "redis" else 0, 0)


if __name__ == "__main__":
    sys.exit(main())
