"""Ranks that are connected through a store: a real Redis server, a real S3 server."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

import pycylon as pc
from pycylon import errors

CHECKOUT = Path(__file__).parents[2]


def program(name):
    path = shutil.which(name) or shutil.which(str(CHECKOUT / ".cache" / "bin" / name))
    if path is None:
        pytest.skip(f"{name} is missing: make test-deps installs it")
    return path


@pytest.fixture
def start(tmp_path):
    """Return the function that runs a server on a free port until the test ends."""
    running = []

    def run(command, **variables):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        arguments = [part.format(port=port) for part in command]
        with (tmp_path / "log").open("wb") as log:
            running.append(subprocess.Popen(arguments, stdout=log, stderr=log, env={**os.environ, **variables}))
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return port
            time.sleep(0.02)
        raise AssertionError((tmp_path / "log").read_text())

    yield run
    for server in running:
        server.kill()
        server.wait()


@pytest.fixture
def redis(start):
    server = program("redis-server")
    port = start([server, "--bind", "127.0.0.1", "--port", "{port}", "--requirepass", "pw", "--save", ""])
    return f"redis://:pw@127.0.0.1:{port}/0"


@pytest.fixture
def s3(start, tmp_path, monkeypatch):
    server = program("versitygw")
    (tmp_path / "root" / "bucket").mkdir(parents=True)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "pycylon")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    command = [server, "--port", "127.0.0.1:{port}", "--quiet", "posix", "--nometa", str(tmp_path / "root")]
    port = start(command, ROOT_ACCESS_KEY="pycylon", ROOT_SECRET_KEY="a secret")
    return f"s3://bucket/jobs?endpoint=http://127.0.0.1:{port}"


@pytest.mark.parametrize("path", ["redis", "s3"])
def test_join(request, ranks, path, monkeypatch):
    monkeypatch.setenv("PYCYLON_PATHS", path)
    monkeypatch.setenv("PYCYLON_STORES", request.getfixturevalue(path))
    for paths, joined, local in pc.run(ranks.join_over, 3):
        assert paths == [path, path]
        assert joined == local


def test_an_unknown_store_is_refused_without_its_password(world):
    def work(env):
        raise AssertionError("it opened")

    for name in ("mongodb://:secret@host", "redis//:secret@host"):
        with pytest.raises(errors.InvalidError, match="redis://, rediss:// or s3://") as refused:
            world(2, work, stores=[name])
        assert "secret" not in str(refused.value)


def test_an_unknown_path_is_refused(world):
    with pytest.raises(errors.InvalidError, match='unknown path "carrier pigeon"'):
        world(2, lambda env: None, paths=["carrier pigeon"])
