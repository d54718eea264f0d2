"""A rank's environment inside an AWS Lambda function.

The event of one rank:

::

    {
      "token": "...",        # the job's token: a secret, as all of the payload
      "world_size": 4,
      "rank": 2,             # optional: without it the rendezvous gives one
      "input": {...}         # the handler's own
    }

Keys of a connection are made inside the call, so a snapshot of the function holds none. Between calls a function is
frozen and its connections die: open an environment in every call, and leave it before the call returns.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pycylon.env import CylonEnv

# Lambda gives one processor's time for each so many MB of memory, without showing it in the processor count.
MEGABYTES_PER_PROCESSOR = 1769
# The rest of a function's memory is Python's, the results' and Go's own.
OPERATIONS_SHARE = 0.75
# Joining ends this long before the function would, so that the error still reaches the caller.
REPORT_SECONDS = 2.0
CONNECT_SECONDS = 30.0


def environment(event: Mapping[str, Any], context: Any = None) -> CylonEnv:
    """Open the environment of the rank that an event describes.

    Threads and the memory limit follow from the function's memory size.

    Parameters
    ----------
    event : mapping
        See the module.
    context : object, optional
        The handler's second argument; its remaining time bounds the joining.

    Returns
    -------
    CylonEnv
        To be left (``with``) before the handler returns.

    Raises
    ------
    InvalidError
        If the event lacks the token or the world size, or has a rank or a world size that is no whole number.
    """
    from pycylon.env import CylonEnv
    from pycylon.errors import InvalidError

    for field in ("token", "world_size"):
        if event.get(field) in (None, ""):
            raise InvalidError(
                f'the event has no "{field}": a rank\'s event is {{"token", "world_size", "rank", "input"}}'
            )
    rank, limits = event.get("rank"), settings(os.environ)
    world_size = _number(event, "world_size")
    return CylonEnv(
        token=str(event["token"]),
        rank=None if rank is None else _number(event, "rank"),
        world_size=world_size,
        connect_timeout=connect_seconds(context),
        threads=limits.get("threads"),
        memory_limit=limits.get("memory_limit"),
    )


def _number(event: Mapping[str, Any], field: str) -> int:
    """Return a field of an event that is a whole number, or the text of one."""
    from pycylon.errors import InvalidError

    value = event[field]
    try:
        if isinstance(value, (bool, float)):
            raise ValueError
        return int(value)
    except (TypeError, ValueError):
        raise InvalidError(
            f'the event\'s "{field}" is {value!r}: expected a whole number, as in {{"world_size": 4, "rank": 2}}'
        ) from None


def settings(variables: Mapping[str, str]) -> dict[str, int]:
    """Return threads and memory limit for a function, from its environment variables.

    Examples
    --------
    >>> settings({"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008"})
    {'threads': 2, 'memory_limit': 2365587456}
    >>> settings({})
    {}
    """
    size = variables.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    if not size:
        return {}
    megabytes = int(size)
    return {
        "threads": math.ceil(megabytes / MEGABYTES_PER_PROCESSOR),
        "memory_limit": int(megabytes * OPERATIONS_SHARE) << 20,
    }


def connect_seconds(context: Any) -> float:
    """Return how long joining may take in this call."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None:
        return CONNECT_SECONDS
    return max(1.0, min(CONNECT_SECONDS, float(remaining()) / 1000 - REPORT_SECONDS))
