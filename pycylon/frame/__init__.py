"""`DataFrame`, by what its methods do: combining, indexing, display."""

from pycylon.frame.asof import merge_asof
from pycylon.frame.combine import concat, merge
from pycylon.frame.core import DataFrame

__all__ = ["DataFrame", "concat", "merge", "merge_asof"]
