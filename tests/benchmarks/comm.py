"""The communicator beside Open MPI over TCP, and beside plain TCP streams, in the same run.

Usage: python tests/benchmarks/comm.py [--ranks 2 4 8] [--rounds 5] [--quick]     (make bench-comm)

All ranks are processes of this machine, connected over loopback: pycylon's by TLS, the others' in clear. In each round
every engine starts its ranks anew; the table has the least and the median of the rounds, and pycylon's ratio to the
peer's. Processor time is that of all ranks, so of both ends of each byte. Under it is the floor that encryption sets:
what plain TCP would need with AES-GCM, which every byte of pycylon's passes twice.
Open MPI (Debian's openmpi-bin) runs with mpi4py, in the Python that `--mpi-python` names; without them it is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
from pathlib import Path

RANK = str(Path(__file__).with_name("comm_rank.py"))
#: No shared memory, as between machines.
MPI_OPTIONS = ("--allow-run-as-root", "--oversubscribe", "--mca", "pml", "ob1", "--mca", "btl", "tcp,self")
SHORT = ("round trip", "barrier", "allreduce 8 B")


def launch(engine: str, ranks: int, arguments: list[str], mpi_python: str) -> dict[str, float]:
    """Run the ranks of an engine and return what the first of them printed."""
    if engine == "pycylon":
        command = [sys.executable, "-m", "pycylon", "run", "-n", str(ranks), RANK, engine, *arguments]
    elif engine == "mpi":
        command = ["mpirun", *MPI_OPTIONS, "-np", str(ranks), mpi_python, RANK, engine, *arguments]
    else:
        return launch_plain(ranks, arguments)
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return told(done.stdout, done.stderr)


def launch_plain(ranks: int, arguments: list[str]) -> dict[str, float]:
    """Run ranks that each inherit a listener, and know the ports of all."""
    listeners = [socket.create_server(("127.0.0.1", 0), backlog=ranks) for _ in range(ranks)]
    ports = json.dumps([listener.getsockname()[1] for listener in listeners])
    processes = []
    for rank, listener in enumerate(listeners):
        place = {"PLAIN_RANK": str(rank), "PLAIN_PORTS": ports, "PLAIN_LISTENER": str(listener.fileno())}
        command = [sys.executable, RANK, "plain", *arguments]
        environment = {**os.environ, **place}
        processes.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, pass_fds=[listener.fileno()])
        )
        listener.close()
    outputs = [process.communicate(timeout=300)[0] for process in processes]
    return told(outputs[0], "")


def told(output: str, errors: str) -> dict[str, float]:
    """Return the JSON in what a first rank printed."""
    for line in output.splitlines():
        start = line.find("{")
        if start >= 0:
            result: dict[str, float] = json.loads(line[start:])
            return result
    raise SystemExit(f"no result:\n{output}{errors}")


def sealing() -> float:
    """Return the seconds that it takes to encrypt and decrypt a byte with AES-128-GCM in records of TLS's size."""
    command = ["openssl", "speed", "-mr", "-aead", "-evp", "aes-128-gcm", "-bytes", "16384", "-seconds", "1"]
    spent = 0.0
    for direction in ([], ["-decrypt"]):
        done = subprocess.run([*command, *direction], capture_output=True, text=True, timeout=60)
        figures = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("+F:")]
        spent += 1 / float(figures[-1].rsplit(":", 1)[1])
    return spent


def floor(plain_rate: float, plain_cpu: float) -> str:
    """Return what plain TCP (MB/s, ms/GB) could reach if it sealed and opened its bytes besides."""
    processors = os.cpu_count() or 1
    seal = 1e12 * sealing()  # ms/GB
    rate = min(plain_rate, 1e6 * processors / (plain_cpu + seal))
    return (
        f"floor: AES-GCM {seal:.0f} ms/GB, both ends (openssl speed), with plain TCP's {plain_cpu + seal:.0f}; "
        f"so at most {rate:.0f} MB/s on {processors} processors, x{rate / plain_rate:.2f} of plain"
    )


def row(name: str, unit: str, runs: dict[str, list[float]], peers: tuple[str, ...]) -> str:
    """Return a line of the table: least and median of each engine, and the ratios of the medians."""
    cells = [f"{name:16}"]
    for engine, values in runs.items():
        cells.append(f"{engine} {min(values):9.1f} {statistics.median(values):9.1f} {unit}")
    ours = statistics.median(runs["pycylon"])
    for peer in peers:
        if peer in runs and statistics.median(runs[peer]):
            cells.append(f"x{ours / statistics.median(runs[peer]):.2f} of {peer}")
    return "   ".join(cells)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mpi-python", default=sys.executable)
    parser.add_argument("--quick", action="store_true", help="few and small calls, whose answers count and times don't")
    arguments = parser.parse_args()
    has_mpi = (
        shutil.which("mpirun")
        and not subprocess.run([arguments.mpi_python, "-c", "import mpi4py"], capture_output=True).returncode
    )
    if not has_mpi:
        print("LEFT OUT: Open MPI (apt-get install openmpi-bin; pip install mpi4py)", file=sys.stderr)
    engines = ["pycylon", "mpi", "plain"] if has_mpi else ["pycylon", "plain"]
    rounds, iterations, part = (1, 20, 1000) if arguments.quick else (arguments.rounds, 2000, 1 << 20)
    for ranks in arguments.ranks:
        runs: dict[str, list[dict[str, float]]] = {engine: [] for engine in engines}
        for _ in range(rounds):
            for engine in engines:
                given = [str(max(20, iterations * 2 // ranks)), str(part)]
                runs[engine].append(launch(engine, ranks, given, arguments.mpi_python))
        print(f"\n{ranks} ranks, {os.cpu_count()} processors; least and median of {rounds}")
        short = [engine for engine in engines if engine != "plain"]
        for name in SHORT:
            spent = {engine: [1e6 * run[name] for run in runs[engine]] for engine in short}
            print(row(name, "us", spent, ("mpi",)))
        moved = ranks * (ranks - 1) * part  # bytes over the wire
        rates = {engine: [moved / run["alltoallv"] / 1e6 for run in runs[engine]] for engine in engines}
        print(row(f"alltoallv {part >> 10} KiB", "MB/s", rates, ("mpi", "plain")))
        cpu = {engine: [1000 * run["cpu"] / (moved / 1e9) for run in runs[engine]] for engine in engines}
        print(row("processor time", "ms/GB", cpu, ("mpi", "plain")))
        if shutil.which("openssl"):
            print(floor(statistics.median(rates["plain"]), statistics.median(cpu["plain"])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
