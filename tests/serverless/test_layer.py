"""The layer holds the wheel's content under python/ and nothing else, the same bytes every time."""

import importlib.util
import zipfile
from pathlib import Path

import pytest

BUILD = Path(__file__).parent.parent.parent / "lambda_layer" / "build.py"
CONTENT = {"pycylon/__init__.py": b"x = 1\n", "pycylon/libpycylon.so": b"\x7fELF" + bytes(1000)}


@pytest.fixture
def build():
    """Return lambda_layer/build.py as a module."""
    spec = importlib.util.spec_from_file_location("layer_build", BUILD)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_layer(build, tmp_path):
    wheel = tmp_path / "pycylon-0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in CONTENT.items():
            archive.writestr(name, data)
    layers = [tmp_path / "out" / "one.zip", tmp_path / "out" / "two.zip"]
    sizes = [build.pack(wheel, layer) for layer in layers]
    assert layers[0].read_bytes() == layers[1].read_bytes()
    assert sizes[0] == (layers[0].stat().st_size, sum(map(len, CONTENT.values())))
    with zipfile.ZipFile(layers[0]) as archive:
        assert {entry.filename: archive.read(entry) for entry in archive.infolist()} == {
            f"python/{name}": data for name, data in CONTENT.items()
        }
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
    assert modes == {"python/pycylon/__init__.py": 0o644, "python/pycylon/libpycylon.so": 0o755}
