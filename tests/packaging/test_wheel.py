"""The installed package: its tag, its dependencies, what it costs to import, what the library exports."""

import importlib.metadata
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pycylon


@pytest.fixture(scope="module")
def distribution():
    """Return the installed distribution; a checkout on the path has none."""
    try:
        return importlib.metadata.distribution("pycylon")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("pycylon is not installed here")


def test_version_is_written_once(distribution):
    assert distribution.version == pycylon.__version__


def test_wheel_is_for_one_platform_and_any_python(distribution):
    tags = [line.removeprefix("Tag: ") for line in distribution.read_text("WHEEL").splitlines() if "Tag: " in line]
    assert len(tags) == 1
    assert tags[0].startswith("py3-none-linux") or tags[0].startswith("py3-none-manylinux")


def test_nothing_is_required(distribution):
    assert [requirement for requirement in distribution.requires or [] if "extra ==" not in requirement] == []


def test_library_exports_its_interface_alone():
    if shutil.which("nm") is None:
        pytest.skip("nm is missing: make test-deps installs it")
    library = Path(pycylon.__file__).parent / "libpycylon.so"
    table = subprocess.run(
        ["nm", "-D", "--defined-only", str(library)], capture_output=True, text=True, check=True
    ).stdout
    symbols = [line.split()[-1] for line in table.splitlines() if line.split()[-2] in "TtDdBbRr"]
    assert symbols
    assert [symbol for symbol in symbols if not symbol.startswith("pcy_")] == []


def test_import_loads_neither_library_nor_other_packages():
    code = """
import sys
before = set(sys.modules)
import pycylon
roots = {name.partition(".")[0] for name in set(sys.modules) - before}
assert not roots & {"pandas", "numpy", "pyarrow", "polars", "ctypes"}, roots
assert "libpycylon" not in open("/proc/self/maps").read()
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd="/")
