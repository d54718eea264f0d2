"""The examples in docstrings."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import pycylon

#: Started jobs belong to the tests of `pycylon.launch`.
SKIPPED = (
    "pycylon.demo",
    "pycylon.launch",
    "pycylon.serverless",
    "pycylon.cluster",
    "pycylon.__main__",
    "pycylon.libpycylon",
)

MODULES = [
    module.name for module in pkgutil.walk_packages(pycylon.__path__, "pycylon.") if not module.name.startswith(SKIPPED)
]


@pytest.mark.parametrize("name", ["pycylon", *MODULES])
def test_examples(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, extraglobs={"pc": pycylon})
    assert failed == 0
