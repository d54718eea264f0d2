"""Build the Lambda layer: the wheel's content under python/, and nothing else.

Usage: python lambda_layer/build.py [--output dist/pycylon-layer-x86_64.zip]

The library is compiled against glibc 2.28: the layer serves every Python runtime on Amazon Linux 2023 and later.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLATFORM = "manylinux_2_28_x86_64"
# The same bytes for the same content: zip cannot hold a time before 1980.
TIMESTAMP = (1980, 1, 1, 0, 0, 0)
# Lambda's limits, and what this project holds itself to, in MB.
ZIP_GOAL, UNZIPPED_GOAL = 15, 50


def build_wheel(folder: Path) -> Path:
    """Build the wheel for Lambda's platform into `folder`."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(folder),
        ".",
    ]
    subprocess.run(command, cwd=ROOT, env=dict(os.environ, PYCYLON_PLATFORM=PLATFORM), check=True)
    return next(folder.glob("*.whl"))


def pack(wheel: Path, output: Path) -> tuple[int, int]:
    """Write the layer and return its sizes in bytes, zipped and unzipped."""
    output.parent.mkdir(parents=True, exist_ok=True)
    unzipped = 0
    with (
        zipfile.ZipFile(wheel) as source,
        zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target,
    ):
        for name in sorted(source.namelist()):
            entry = zipfile.ZipInfo(f"python/{name}", TIMESTAMP)
            # Lambda runs functions as another user than the one who unzips layers.
            entry.external_attr = (0o755 if name.endswith(".so") else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = source.read(name)
            unzipped += len(content)
            target.writestr(entry, content)
    return output.stat().st_size, unzipped


def main() -> int:
    """Build the layer, print its sizes, and return an exit status: 1 if it is too large."""
    parser = argparse.ArgumentParser(description="Build pycylon's Lambda layer (x86_64).")
    parser.add_argument("--output", type=Path, default=ROOT / "dist" / "pycylon-layer-x86_64.zip")
    output = parser.parse_args().output
    with tempfile.TemporaryDirectory() as folder:
        zipped, unzipped = (size / 1e6 for size in pack(build_wheel(Path(folder)), output))
    print(f"{output}: {zipped:.1f} MB zipped (goal {ZIP_GOAL}), {unzipped:.1f} MB unzipped (goal {UNZIPPED_GOAL})")
    return int(zipped > ZIP_GOAL or unzipped > UNZIPPED_GOAL)


if __name__ == "__main__":
    sys.exit(main())
