"""A store of the user's own, through which ranks are connected that have no better path.

The core asks for objects over sockets, which threads of this process answer: it never calls Python. A request is a
letter, two lengths, the key and the object; an answer a letter, a length and bytes (``gocore/comm/store/custom``).
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from pycylon.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: How many requests of one rank a store gets at a time.
_AT_ONCE = 4
_REQUEST, _ANSWER = struct.Struct("<cII"), struct.Struct("<cI")


class Store(ABC):
    """What keeps objects where all ranks reach them: a shared folder, a database, a service of one's own.

    Subclass it, give an instance to each rank's `CylonEnv` in ``stores=``, and ranks that find no direct path and no
    relay are connected through it; ``paths=["custom"]`` takes nothing else. Objects are ciphertext, of which a reader
    learns who talks to whom and how much; the ranks find out if one is changed. Keys are made of lower case letters,
    digits, ``-``, ``.`` and ``/``, and shorter than 200 characters; none is put twice. An object has up to 8 MiB and is
    deleted once it was read, or, if a rank died, when a job begins ten minutes later.

    The methods are called by several threads at once, in every rank. What one raises is tried again for 20 seconds,
    and is then the error of the connections.

    Notes
    -----
    `pycylon.testing.check_store` tells whether a store does what ranks rely on.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from pycylon.comm import Store
    >>> from pycylon.testing import check_store
    >>> class Folder(Store):
    ...     def __init__(self, path):
    ...         self.path = Path(path)
    ...
    ...     def _file(self, key):
    ...         return self.path / key.replace("/", "@")
    ...
    ...     def put(self, key, data):
    ...         part = self._file(key + ".part")
    ...         part.write_bytes(data)
    ...         part.rename(self._file(key))  # all of it appears at once
    ...
    ...     def get(self, key):
    ...         try:
    ...             return self._file(key).read_bytes()
    ...         except FileNotFoundError:
    ...             return None
    ...
    ...     def delete(self, key):
    ...         self._file(key).unlink(missing_ok=True)
    ...
    ...     def list(self, prefix):
    ...         names = (path.name.replace("@", "/") for path in self.path.iterdir() if path.suffix != ".part")
    ...         return [name for name in names if name.startswith(prefix)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     check_store(Folder(folder), Folder(folder))
    """

    @abstractmethod
    def put(self, key: str, data: bytes) -> None:
        """Keep an object.

        Whoever lists its key afterwards, in any rank, gets all of it.

        Parameters
        ----------
        key : str
            Its name.
        data : bytes
            Its content; it may be empty.
        """

    @abstractmethod
    def get(self, key: str) -> bytes | None:
        """Return an object, or None where there is none.

        Parameters
        ----------
        key : str
            Its name.
        """

    @abstractmethod
    def delete(self, key: str) -> None:
        """Forget an object, if there is one.

        Parameters
        ----------
        key : str
            Its name.
        """

    @abstractmethod
    def list(self, prefix: str) -> Iterable[str]:
        """Return the keys that begin with `prefix`, in any order.

        A key that was put is among them soon; one that was deleted may be for a while.

        Parameters
        ----------
        prefix : str
            What they begin with; an empty one is all keys.
        """


def serve(store: Store, until: contextlib.ExitStack) -> list[int]:
    """Answer the core's requests to a store, and return the descriptors of its sockets, which it takes over.

    Parameters
    ----------
    store : Store
        The store.
    until : ExitStack
        Ends it when it is left.
    """
    for method in ("put", "get", "delete", "list"):
        if not callable(getattr(store, method, None)):
            raise InvalidError(
                f"stores= takes names such as s3://bucket/prefix and objects of classes of pycylon.comm.Store, and "
                f"{type(store).__name__} has no method {method!r}"
            )
    descriptors = []
    for _ in range(_AT_ONCE):
        here, there = socket.socketpair()
        descriptors.append(there.detach())
        until.callback(_hang_up, here)
        # A store may hang; that must not keep the program from its end.
        threading.Thread(target=_answer_all, args=(store, here), name="pycylon-store", daemon=True).start()
    return descriptors


def _hang_up(here: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other end has closed already
        here.shutdown(socket.SHUT_RDWR)


def _answer_all(store: Store, here: socket.socket) -> None:
    with here, here.makefile("rb") as requests, contextlib.suppress(OSError):
        while len(head := requests.read(_REQUEST.size)) == _REQUEST.size:
            kind, of_key, of_data = _REQUEST.unpack(head)
            key, data = requests.read(of_key).decode(), requests.read(of_data)
            letter, answer = _answer(store, kind, key, data)
            here.sendall(_ANSWER.pack(letter, len(answer)))
            here.sendall(answer)


def _answer(store: Store, kind: bytes, key: str, data: bytes) -> tuple[bytes, bytes]:
    try:
        if kind == b"g":
            found = store.get(key)
            return (b"a", b"") if found is None else (b"f", bytes(found))
        if kind == b"l":
            return b"f", "\n".join(store.list(key)).encode()
        if kind == b"p":
            store.put(key, data)
        else:
            store.delete(key)
    except Exception as error:  # the store's own: whatever it is, the ranks learn of it
        method = {b"g": "get", b"l": "list", b"p": "put", b"d": "delete"}[kind]
        return b"e", f"{type(store).__name__}.{method}: {type(error).__name__}: {error}".encode()[:1000]
    return b"f", b""
