"""Rows into columns and back."""

from __future__ import annotations

from pycylon.frame.base import Frame


class Reshaping(Frame):
    """Methods that change a frame's shape."""

    __slots__ = ()
