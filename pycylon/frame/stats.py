"""Numbers about whole columns."""

from __future__ import annotations

from pycylon.frame.base import Frame


class Statistics(Frame):
    """Methods that aggregate whole columns."""

    __slots__ = ()
