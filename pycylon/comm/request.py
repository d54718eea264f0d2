"""What a non-blocking method returns: a request, which is waited for, tested or cancelled; and what a message was."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pycylon._native.call import Call, Received

#: A receive with it accepts messages of every rank.
ANY_SOURCE = -1

#: A receive with it accepts messages with every tag.
ANY_TAG = -1


class Status:
    """What a message was that was received or probed.

    Attributes
    ----------
    source : int
        The rank that sent it.
    tag : int
        Its tag.
    count : int
        How many bytes it has; of an object, those of its pickle.

    Examples
    --------
    >>> from pycylon.comm import Status
    >>> status = Status()
    >>> with pc.CylonEnv() as env:
    ...     env.comm.send("to myself", dest=0, tag=7)
    ...     env.comm.recv(status=status), status.Get_source(), status.Get_tag()
    ('to myself', 0, 7)
    """

    def __init__(self) -> None:
        self.source, self.tag, self.count = ANY_SOURCE, ANY_TAG, 0

    def Get_source(self) -> int:
        """Return the rank that sent the message."""
        return self.source

    def Get_tag(self) -> int:
        """Return the message's tag."""
        return self.tag

    def Get_count(self, itemsize: int = 1) -> int:
        """Return how many elements the message has.

        Parameters
        ----------
        itemsize : int, default 1
            The bytes of an element.
        """
        return self.count // itemsize

    def _set(self, received: Received) -> None:
        envelope = received.info.get("envelope")
        if envelope:
            self.source, self.tag, self.count = envelope["source"], envelope["tag"], envelope["length"]

    def __repr__(self) -> str:
        """Return "Status(source=1, tag=0, count=8)"."""
        return f"Status(source={self.source}, tag={self.tag}, count={self.count})"


class Request:
    """A call that runs. Any thread may wait for it, and what was started ends also where nobody does.

    Parameters
    ----------
    call : Call
        What was started.
    finish : callable
        Makes the result of what was received, on the thread that waits.

    Examples
    --------
    >>> with pc.CylonEnv() as env:
    ...     received = env.comm.irecv(source=0)
    ...     sent = env.comm.isend({"a": 1}, dest=0)
    ...     total = env.comm.iallreduce(2)
    ...     received.wait(), sent.wait(), total.wait()
    ({'a': 1}, None, 2)
    """

    def __init__(self, call: Call, finish: Callable[[Received], Any]) -> None:
        self._call = call
        self._finish: Callable[[Received], Any] | None = finish
        self._result: Any = None

    def wait(self, status: Status | None = None) -> Any:
        """Return the result when there is one, or raise why there is none.

        Parameters
        ----------
        status : Status, optional
            Filled with what the message was.
        """
        received = self._call.wait()
        if status is not None:
            status._set(received)
        finish, self._finish = self._finish, None
        if finish is not None:
            self._result = finish(received)
        return self._result

    def test(self, status: Status | None = None) -> tuple[bool, Any]:
        """Return whether the call has ended, and its result or None; raise why it failed.

        Parameters
        ----------
        status : Status, optional
            Filled with what the message was.
        """
        if not self._call.test():
            return False, None
        return True, self.wait(status)

    def cancel(self) -> None:
        """Ask the call to end, unless it has: `wait` then raises `CancelledError`.

        A message that was not received yet disappears. A collective that is cancelled fails on all ranks.
        """
        self._call.cancel()

    def Wait(self, status: Status | None = None) -> bool:
        """Wait as `wait` does and return True.

        Parameters
        ----------
        status : Status, optional
            Filled with what the message was.
        """
        self.wait(status)
        return True

    def Test(self, status: Status | None = None) -> bool:
        """Tell whether the call has ended.

        Parameters
        ----------
        status : Status, optional
            Filled with what the message was.
        """
        return self.test(status)[0]

    def Cancel(self) -> None:
        """Do what `cancel` does."""
        self.cancel()

    @staticmethod
    def waitall(requests: Sequence[Request], statuses: Sequence[Status] | None = None) -> list[Any]:
        """Return the results of all requests. One that failed raises, when all have ended.

        Parameters
        ----------
        requests : sequence of Request
            What to wait for.
        statuses : sequence of Status, optional
            One per request.

        Examples
        --------
        >>> from pycylon.comm import Request
        >>> with pc.CylonEnv() as env:
        ...     Request.waitall([env.comm.iallgather(i) for i in range(3)])
        [[0], [1], [2]]
        """
        results: list[Any] = []
        failure: Exception | None = None
        for i, request in enumerate(requests):
            try:
                results.append(request.wait(statuses[i] if statuses else None))
            except Exception as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return results

    @staticmethod
    def waitany(requests: Sequence[Request], status: Status | None = None) -> tuple[int, Any]:
        """Return the position and the result of a request that has ended, when there is one.

        Parameters
        ----------
        requests : sequence of Request
            What to wait for; at least one.
        status : Status, optional
            Filled with what the message was.
        """
        if not requests:
            raise ValueError("waitany needs a request to wait for")
        pause = 0
        while True:
            for i, request in enumerate(requests):
                if request._call.test():
                    return i, request.wait(status)
            if requests[0]._call.test(pause):
                continue
            pause = min(pause + 1, 5)
            if pause > 1:
                time.sleep(0)  # others may hold what this one waits for

    @staticmethod
    def testall(requests: Sequence[Request]) -> tuple[bool, list[Any] | None]:
        """Return whether all requests have ended, and then their results.

        Parameters
        ----------
        requests : sequence of Request
            What to look at.
        """
        if not all(request._call.test() for request in requests):
            return False, None
        return True, Request.waitall(requests)

    @staticmethod
    def testany(requests: Sequence[Request], status: Status | None = None) -> tuple[int, bool, Any]:
        """Return the position of a request that has ended, True and its result; -1, False and None where there is none.

        Parameters
        ----------
        requests : sequence of Request
            What to look at.
        status : Status, optional
            Filled with what the message was.
        """
        for i, request in enumerate(requests):
            if request._call.test():
                return i, True, request.wait(status)
        return -1, False, None

    @staticmethod
    def Waitall(requests: Sequence[Request], statuses: Sequence[Status] | None = None) -> bool:
        """Wait as `waitall` does and return True.

        Parameters
        ----------
        requests : sequence of Request
            What to wait for.
        statuses : sequence of Status, optional
            One per request.
        """
        Request.waitall(requests, statuses)
        return True

    @staticmethod
    def Waitany(requests: Sequence[Request], status: Status | None = None) -> int:
        """Return the position of a request that has ended, when there is one.

        Parameters
        ----------
        requests : sequence of Request
            What to wait for.
        status : Status, optional
            Filled with what the message was.
        """
        return Request.waitany(requests, status)[0]
