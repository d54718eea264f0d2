"""Messages from one rank to another, by rank and tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon.comm.base import bytes_of, nothing
from pycylon.comm.buffers import Buffers
from pycylon.comm.objects import BUFFER, PICKLE, Objects
from pycylon.comm.reductions import Reductions
from pycylon.comm.request import ANY_SOURCE, ANY_TAG, Request, Status
from pycylon.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pycylon._native.call import Received


class Messages(Objects, Buffers, Reductions):
    """Sends and receives: in lower case of objects, with a capital of buffers.

    Messages between two ranks that a receive accepts are received in the order in which they were sent. Short ones (up
    to 16 KiB) travel at once, within a credit of 64 KiB per pair of ranks; longer ones wait at their sender until they
    are received, so that no rank is flooded. `send` returns when its message is on its way or, as long as there are no
    more than 64 MiB of such, kept aside: ranks may all send before they receive up to that, and beyond it `send` waits.
    Of messages that a rank has not received it takes notice of 4,096 per sender.
    """

    def send(self, obj: Any, dest: int, tag: int = 0) -> None:
        """Send an object.

        Parameters
        ----------
        obj : object
            What to send.
        dest : int
            The rank that receives it; this one, too.
        tag : int, default 0
            A number from 0 to 2147483647 that the receiver may ask for.

        Examples
        --------
        >>> with pc.CylonEnv() as env:
        ...     right, left = (env.rank + 1) % env.world_size, (env.rank - 1) % env.world_size
        ...     env.comm.send(["any", "object"], dest=right, tag=3)
        ...     env.comm.recv(source=left, tag=3)
        ['any', 'object']
        """
        self._send_object("send", obj, dest, tag, wait=True).wait()

    def isend(self, obj: Any, dest: int, tag: int = 0) -> Request:
        """Start to send an object.

        Parameters
        ----------
        obj, dest, tag
            As in `send`.
        """
        return self._send_object("isend", obj, dest, tag, wait=False)

    def recv(self, buf: Any = None, source: int = ANY_SOURCE, tag: int = ANY_TAG, status: Status | None = None) -> Any:
        """Return the next object that was sent here.

        Parameters
        ----------
        buf : object, optional
            Accepted for mpi4py's scripts and not used.
        source : int, default ANY_SOURCE
            The rank that it must come from.
        tag : int, default ANY_TAG
            The tag that it must have.
        status : Status, optional
            Filled with what it was.
        """
        return self._recv_object("recv", source, tag, wait=True).wait(status)

    def irecv(self, buf: Any = None, source: int = ANY_SOURCE, tag: int = ANY_TAG) -> Request:
        """Start to receive an object, which the request's `wait` returns.

        Parameters
        ----------
        buf, source, tag
            As in `recv`.
        """
        return self._recv_object("irecv", source, tag, wait=False)

    def sendrecv(
        self,
        sendobj: Any,
        dest: int,
        sendtag: int = 0,
        recvbuf: Any = None,
        source: int = ANY_SOURCE,
        recvtag: int = ANY_TAG,
        status: Status | None = None,
    ) -> Any:
        """Send an object and return one that is received, both at once.

        Parameters
        ----------
        sendobj : object
            What to send.
        dest, sendtag : int
            As in `send`.
        recvbuf : object, optional
            Accepted for mpi4py's scripts and not used.
        source, recvtag : int
            As in `recv`.
        status : Status, optional
            Filled with what was received.
        """
        sending = self._send_object("sendrecv", sendobj, dest, sendtag, wait=False)
        received = self._recv_object("sendrecv", source, recvtag, wait=True).wait(status)
        sending.wait()
        return received

    def probe(self, source: int = ANY_SOURCE, tag: int = ANY_TAG, status: Status | None = None) -> bool:
        """Wait for a message that `recv` would return, and return True. It stays to be received.

        Parameters
        ----------
        source, tag : int
            As in `recv`.
        status : Status, optional
            Filled with what it is.
        """
        self._probe("probe", "probe", source, tag, status)
        return True

    def iprobe(self, source: int = ANY_SOURCE, tag: int = ANY_TAG, status: Status | None = None) -> bool:
        """Tell whether there is a message that `recv` would return.

        Parameters
        ----------
        source, tag : int
            As in `recv`.
        status : Status, optional
            Filled with what it is.
        """
        return self._probe("iprobe", "iprobe", source, tag, status)

    def Send(self, buf: Any, dest: int, tag: int = 0) -> None:
        """Send a buffer.

        Parameters
        ----------
        buf : buffer
            What to send.
        dest, tag : int
            As in `send`.
        """
        self._send_buffer("Send", buf, dest, tag, wait=True).wait()

    def Isend(self, buf: Any, dest: int, tag: int = 0) -> Request:
        """Start to send a buffer, which stays as it is until the request was waited for.

        Parameters
        ----------
        buf : buffer
            What to send.
        dest, tag : int
            As in `send`.
        """
        return self._send_buffer("Isend", buf, dest, tag, wait=False)

    def Recv(self, buf: Any, source: int = ANY_SOURCE, tag: int = ANY_TAG, status: Status | None = None) -> None:
        """Write the next buffer that was sent here into the beginning of `buf`.

        Parameters
        ----------
        buf : buffer
            As long as the message, or longer.
        source, tag : int
            As in `recv`.
        status : Status, optional
            Filled with what it was.
        """
        self._recv_buffer("Recv", buf, source, tag, wait=True).wait(status)

    def Irecv(self, buf: Any, source: int = ANY_SOURCE, tag: int = ANY_TAG) -> Request:
        """Start to receive into `buf`, which is filled when the request is waited for.

        Parameters
        ----------
        buf, source, tag
            As in `Recv`.
        """
        return self._recv_buffer("Irecv", buf, source, tag, wait=False)

    def Sendrecv(
        self,
        sendbuf: Any,
        dest: int,
        sendtag: int = 0,
        recvbuf: Any = None,
        source: int = ANY_SOURCE,
        recvtag: int = ANY_TAG,
        status: Status | None = None,
    ) -> None:
        """Send a buffer and receive into another, both at once.

        Parameters
        ----------
        sendbuf : buffer
            What to send.
        dest, sendtag : int
            As in `send`.
        recvbuf, source, recvtag, status
            As in `Recv`.
        """
        sending = self._send_buffer("Sendrecv", sendbuf, dest, sendtag, wait=False)
        self._recv_buffer("Sendrecv", recvbuf, source, recvtag, wait=True).wait(status)
        sending.wait()

    def Probe(self, source: int = ANY_SOURCE, tag: int = ANY_TAG, status: Status | None = None) -> bool:
        """Do what `probe` does.

        Parameters
        ----------
        source, tag, status
            As in `probe`.
        """
        self._probe("Probe", "probe", source, tag, status)
        return True

    def Iprobe(self, source: int = ANY_SOURCE, tag: int = ANY_TAG, status: Status | None = None) -> bool:
        """Do what `iprobe` does.

        Parameters
        ----------
        source, tag, status
            As in `probe`.
        """
        return self._probe("Iprobe", "iprobe", source, tag, status)

    def _send_object(self, name: str, obj: Any, dest: int, tag: int, *, wait: bool) -> Request:
        form, data = self._encode(obj)
        return self._start(name, "send", nothing, data, wait=wait, args={"peer": dest, "tag": tag, "format": form})

    def _send_buffer(self, name: str, buf: Any, dest: int, tag: int, *, wait: bool) -> Request:
        args = {"peer": dest, "tag": tag, "format": BUFFER}
        return self._start(name, "send", nothing, bytes_of(buf, name), wait=wait, args=args)

    def _recv_object(self, name: str, source: int, tag: int, *, wait: bool) -> Request:
        def finish(received: Received) -> Any:
            return self._decode(received.info["envelope"]["format"], received.messages[0])

        return self._receive(name, source, tag, finish, wait=wait)

    def _recv_buffer(self, name: str, buf: Any, source: int, tag: int, *, wait: bool) -> Request:
        target = bytes_of(buf, name)

        def finish(received: Received) -> None:
            length = received.sizes[0]
            if received.info["envelope"]["format"] == PICKLE:
                raise InvalidError("what came is an object: receive it with recv", op=name)
            if length > target.nbytes:
                raise InvalidError(f"a message of {length} bytes came for a buffer of {target.nbytes}", op=name)
            if length:
                received.fill(target)

        if target.readonly and target.nbytes:
            raise InvalidError("the buffer for the message can't be written to", op=name)
        return self._receive(name, source, tag, finish, wait=wait)

    def _receive(self, name: str, source: int, tag: int, finish: Callable[[Received], Any], *, wait: bool) -> Request:
        return self._start(name, "recv", finish, wait=wait, args={"peer": source, "tag": tag})

    def _probe(self, name: str, kind: str, source: int, tag: int, status: Status | None) -> bool:
        def finish(received: Received) -> bool:
            if status is not None:
                status._set(received)
            return "envelope" in received.info

        found: bool = self._start(name, kind, finish, wait=True, args={"peer": source, "tag": tag}).wait()
        return found
