"""Values computed from a row's neighbours."""

from __future__ import annotations

from pycylon.frame.base import Frame


class Windowing(Frame):
    """Methods that compute each row's value from the rows around it."""

    __slots__ = ()
