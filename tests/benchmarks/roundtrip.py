"""The round trip benchmark: a table from pyarrow into pycylon and back, without a copy; prints JSON."""

import json
import sys
import time

import numpy as np
import pyarrow as pa

import pycylon as pc

ROWS, REPEATS = 10_000_000, 50

table = pa.table({"a": np.arange(ROWS), "b": np.arange(ROWS)})
pa.table(pc.DataFrame(table))  # loads the library
seconds = []
for _ in range(REPEATS):
    start = time.perf_counter()
    back = pa.table(pc.DataFrame(table))
    seconds.append(time.perf_counter() - start)
assert back.num_rows == ROWS
assert back["a"].chunk(0).buffers()[1].address == table["a"].chunk(0).buffers()[1].address
json.dump({"rows": ROWS, "min": min(seconds), "repeats": REPEATS}, sys.stdout)
