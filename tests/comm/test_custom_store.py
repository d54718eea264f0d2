"""Ranks that are connected through a store of the user's own: a folder, from several processes."""

import threading
import time
from pathlib import Path

import pytest

import pycylon as pc
from pycylon import errors
from pycylon._native import abi
from pycylon.comm import Store
from pycylon.testing import check_store


@pytest.fixture
def issue():
    """Return the function that makes a job's token."""
    server = abi.start_service("rendezvous", {"listen": "127.0.0.1:0"})
    job = {"rendezvous": server.info["address"], "expiry": 60}
    yield lambda size: abi.start_service("token", job | {"world_size": size}).info["token"]
    server.stop()


def test_processes_over_a_folder(ranks, issue, tmp_path):
    check_store(ranks.Folder(tmp_path), ranks.Folder(tmp_path))
    old = f"{'0' * 64}/1/0-7.{int(time.time()) - 3600}"  # what a crash has left
    foreign = "notes/of/mine.1"
    for key in (old, foreign):
        ranks.Folder(tmp_path).put(key, b"x")
    for results in pc.run(ranks.over_folder, 3, args=(issue(3), tmp_path)):
        for paths, joined, local in results:
            assert paths == ["custom", "custom"]
            assert joined == local
    assert list(ranks.Folder(tmp_path).list("")) == [foreign], "nothing is left"


class Broken(Store):
    """A store whose methods do as they are told."""

    def __init__(self, **does):
        self.kept, self.does, self.lock = {}, does, threading.Lock()

    def _call(self, name, otherwise):
        with self.lock:
            return self.does.get(name, otherwise)()

    def put(self, key, data):
        self._call("put", lambda: self.kept.__setitem__(key, data))

    def get(self, key):
        return self._call("get", lambda: self.kept.get(key))

    def delete(self, key):
        self._call("delete", lambda: self.kept.pop(key, None))

    def list(self, prefix):
        return self._call("list", lambda: [key for key in self.kept if key.startswith(prefix)])


def fail():
    raise RuntimeError("the disk is full")


@pytest.mark.parametrize(
    ("does", "says"),
    [
        ({"put": lambda: None}, "isn't what put"),
        ({"get": lambda: b""}, "isn't what put"),
        ({"delete": lambda: None}, "isn't None after delete"),
        ({"list": list}, "returned .. rather than"),
        ({"put": fail}, "the disk is full"),
    ],
)
def test_conformance_tells(does, says, monkeypatch):
    monkeypatch.setattr("pycylon.testing._LIST_SECONDS", 0.1)
    check_store(Broken())
    with pytest.raises((AssertionError, RuntimeError), match=says):
        check_store(Broken(**does))


def test_what_a_store_raises_is_told(world):
    with pytest.raises(errors.PyCylonError, match=r"Broken.list: RuntimeError: the disk is full"):
        world(2, lambda env: None, timeout=3, paths=["custom"], stores=[Broken(list=fail)])


def test_no_store_is_refused(world):
    with pytest.raises(errors.InvalidError, match="Path has no method 'put'"):
        world(1, lambda env: None, stores=[Path("folder")])


def test_threads_and_descriptors_come_back(world):
    def count():
        return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    def once():
        assert world(2, lambda env: env.comm.allreduce(1), paths=["custom"], stores=[shared]) == [2, 2]

    shared = Broken()
    once()
    before = count()
    for _ in range(3):
        once()
    deadline = time.monotonic() + 10
    while count() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert count() <= before
    assert shared.kept == {}
