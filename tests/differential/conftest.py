"""Random tables against pandas, Polars and DuckDB: a few cases per operation, hundreds with PYCYLON_TEST_ALL=1.

A failure prints the smallest case that fails and the `@reproduce_failure` line that repeats it. A new operation's test
draws its tables from `random_tables` and compares `rows_of` its result with those of the others.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

hypothesis = pytest.importorskip("hypothesis")
for peer in ("pandas", "polars", "duckdb", "pyarrow"):
    pytest.importorskip(peer)

FULL = os.environ.get("PYCYLON_TEST_ALL") == "1"
EXAMPLES = {"quick": 30, "full": 300}

for name, examples in EXAMPLES.items():
    hypothesis.settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large],
    )
hypothesis.settings.load_profile("full" if FULL else "quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give hundreds of cases more time than the suite's other tests have."""
    for item in items:
        if FULL and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(600))
