"""Columns: `Series` and its methods, one subject a file."""

from pycylon.series.core import Series

__all__ = ["Series"]
