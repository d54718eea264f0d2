"""One rank of the communicator's benchmark: comm_rank.py ENGINE ITERATIONS BYTES. The first rank prints JSON.

Engines are pycylon, mpi (mpi4py) and plain: TCP streams without encryption that do nothing but an all-to-all. Answers
are checked outside of the times.
"""

from __future__ import annotations

import array
import json
import os
import selectors
import socket
import sys
import time
from typing import Any


class Plain:
    """A TCP connection per pair of ranks, on loopback."""

    def __init__(self, rank: int, listener: socket.socket, ports: list[int]) -> None:
        self.rank = rank
        self.peers: dict[int, socket.socket] = {}
        for peer in range(rank):
            self.peers[peer] = socket.create_connection(("127.0.0.1", ports[peer]))
            self.peers[peer].sendall(bytes([rank]))
        while len(self.peers) < len(ports) - 1:
            connection, _ = listener.accept()
            self.peers[connection.recv(1)[0]] = connection
        for connection in self.peers.values():
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(False)

    def alltoallv(self, sendbuf: Any, part: int, recvbuf: Any) -> None:
        """Send everyone a part and fill `recvbuf` with theirs, as the kernel takes and gives them."""
        source, target = memoryview(sendbuf).cast("B"), memoryview(recvbuf).cast("B")
        target[self.rank * part : (self.rank + 1) * part] = source[self.rank * part : (self.rank + 1) * part]
        out = {peer: source[peer * part : (peer + 1) * part] for peer in self.peers}
        into = {peer: target[peer * part : (peer + 1) * part] for peer in self.peers}
        with selectors.DefaultSelector() as selector:
            for peer, connection in self.peers.items():
                selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE, peer)
            while selector.get_map():
                for key, events in selector.select():
                    peer, connection = key.data, key.fileobj
                    if events & selectors.EVENT_WRITE and out[peer]:
                        out[peer] = out[peer][connection.send(out[peer]) :]
                    if events & selectors.EVENT_READ and into[peer]:
                        into[peer] = into[peer][connection.recv_into(into[peer]) :]
                    wanted = (selectors.EVENT_WRITE if out[peer] else 0) | (selectors.EVENT_READ if into[peer] else 0)
                    if wanted == 0:
                        selector.unregister(connection)
                    elif wanted != key.events:
                        selector.modify(connection, wanted, peer)


def timed(call: Any, iterations: int) -> float:
    """Return the seconds of one call, on average over `iterations` after a tenth of these."""
    for _ in range(iterations // 10 + 1):
        call()
    start = time.perf_counter()
    for _ in range(iterations):
        call()
    return (time.perf_counter() - start) / iterations


def latencies(comm: Any, rank: int, size: int, iterations: int) -> dict[str, float]:
    """Return the seconds of the short calls."""
    mine, total = array.array("q", [rank + 1]), array.array("q", [0])

    def trip() -> None:
        if rank == 0:
            comm.Send(mine, 1, 1)
            comm.Recv(total, 1, 1)
        elif rank == 1:
            comm.Recv(total, 0, 1)
            comm.Send(mine, 0, 1)

    spent = {"round trip": timed(trip, iterations), "barrier": timed(comm.Barrier, iterations)}
    spent["allreduce 8 B"] = timed(lambda: comm.Allreduce(mine, total), iterations)
    assert total[0] == size * (size + 1) // 2, "the sum is wrong"
    return spent


def exchange(run: Any, rank: int, size: int, part: int, iterations: int) -> tuple[float, float]:
    """Return the seconds and the processor's seconds of an all-to-all of `part` bytes per pair, checked."""
    mine = array.array("B", b"".join(bytes([rank * size + peer]) * part for peer in range(size)))
    into = array.array("B", bytes(size * part))
    run(mine, into)
    before = time.process_time()
    seconds = timed(lambda: run(mine, into), iterations)
    spent = time.process_time() - before
    for peer in range(size):
        assert into[peer * part] == into[(peer + 1) * part - 1] == peer * size + rank, "a part is wrong"
    calls = iterations + iterations // 10 + 1
    return seconds, spent / calls


def main() -> None:
    """Measure as one rank."""
    engine, iterations, part = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    loops = max(2, min(50, (256 << 20) // part // 8)) if part > 1000 else 2
    result: dict[str, float] = {}
    if engine == "plain":
        rank, ports = int(os.environ["PLAIN_RANK"]), json.loads(os.environ["PLAIN_PORTS"])
        size = len(ports)
        with socket.socket(fileno=int(os.environ["PLAIN_LISTENER"])) as listener:
            plain = Plain(rank, listener, ports)
        seconds, cpu = exchange(lambda a, b: plain.alltoallv(a, part, b), rank, size, part, loops)
        total = array.array("d", bytes(8 * size))
        plain.alltoallv(array.array("d", [cpu] * size), 8, total)
        result = {"alltoallv": seconds, "cpu": sum(total)}
    elif engine == "mpi":
        from mpi4py import MPI

        comm = MPI.COMM_WORLD
        rank, size = comm.rank, comm.size
        result = latencies(comm, rank, size, iterations)
        counts = [part] * size
        seconds, cpu = exchange(lambda a, b: comm.Alltoallv([a, counts], [b, counts]), rank, size, part, loops)
        result.update({"alltoallv": seconds, "cpu": comm.allreduce(cpu)})
    else:
        import pycylon

        with pycylon.CylonEnv() as env:
            comm, rank, size = env.comm, env.rank, env.world_size
            result = latencies(comm, rank, size, iterations)
            counts = [part] * size
            seconds, cpu = exchange(lambda a, b: comm.Alltoallv(a, counts, b), rank, size, part, loops)
            result.update({"alltoallv": seconds, "cpu": comm.allreduce(cpu)})
    if rank == 0:
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
