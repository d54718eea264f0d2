"""Lambda functions on this machine: one runtime interface emulator, and one runtime, for each.

An emulator takes one request at a time (a second one ends it), and reports errors of the function with HTTP status 200.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

# The package that carries the emulator's binary; it is unzipped, not installed.
PACKAGE = "aws-sam-cli==1.170.0"
BINARY = "samcli/local/rapid/aws-lambda-rie-x86_64"
START_SECONDS = 20.0


class FunctionError(Exception):
    """The function raised, or ran out of time."""


def fetch(cache: Path) -> Path:
    """Return the emulator's binary, downloaded once."""
    binary = cache / BINARY
    if not binary.exists():
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
        subprocess.run([*command, "--dest", str(cache), PACKAGE], check=True)
        with zipfile.ZipFile(next(cache.glob("aws_sam_cli-*.whl"))) as wheel:
            wheel.extract(BINARY, cache)
        binary.chmod(0o755)
    return binary


class Function:
    """A Lambda function of one instance.

    Parameters
    ----------
    binary : Path
        The emulator.
    code : Path
        The folder of the function's code.
    handler : str
        As ``module.function``.
    layer : Path
        The unzipped layer, all that Python finds beside its own library, the runtime and the code.
    runtime : Path
        The folder of the runtime (awslambdaric).
    scratch : Path
        The function's temporary directory.
    memory : int
        MB, as the function is told; the emulator does not enforce it.
    timeout : int
        Seconds.
    """

    def __init__(
        self,
        binary: Path,
        code: Path,
        handler: str,
        *,
        layer: Path,
        runtime: Path,
        scratch: Path,
        memory: int = 3008,
        timeout: int = 60,
    ) -> None:
        self._address, api = (f"127.0.0.1:{_free_port()}" for _ in range(2))
        self._log = scratch / "function.log"
        variables = {
            "PATH": os.environ["PATH"],
            "LANG": "en_US.UTF-8",
            "TMPDIR": str(scratch),
            "PYTHONPATH": os.pathsep.join(map(str, (code, layer / "python", runtime))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LAMBDA_TASK_ROOT": str(code),
            "AWS_LAMBDA_FUNCTION_NAME": "pycylon-demo",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout),
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
        }
        # -I would ignore PYTHONPATH; -S keeps site-packages of the machine out: only the layer may provide pycylon.
        python = [sys.executable, "-s", "-S", "-m", "awslambdaric", handler]
        addresses = ["--runtime-interface-emulator-address", self._address, "--runtime-api-address", api]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(binary), *addresses, *python],
                env=variables,
                cwd=code,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._timeout = timeout
        try:
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Call the function and return what it returned.

        Raises
        ------
        FunctionError
            With the type and message of what it raised.
        """
        url = f"http://{self._address}/2015-03-31/functions/function/invocations"
        request = urllib.request.Request(url, json.dumps(event).encode())
        with urllib.request.urlopen(request, timeout=self._timeout + 10) as response:  # noqa: S310  (http, loopback)
            body = response.read().decode()
        try:
            value = json.loads(body)
        except json.JSONDecodeError:
            value = {"errorType": "Timeout", "errorMessage": body}
        if not isinstance(value, dict) or "errorType" in value or "errorMessage" in value:
            raise FunctionError(f"{value.get('errorType')}: {value.get('errorMessage')}\n{self.log()}")
        return value

    def log(self) -> str:
        """Return what function and emulator printed."""
        return self._log.read_text(errors="replace")

    def close(self) -> None:
        """End the emulator and its runtime."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _wait_until_ready(self) -> None:
        host, port = self._address.split(":")
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise FunctionError(f"the emulator did not start:\n{self.log()}") from None
                time.sleep(0.02)
            else:
                return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
