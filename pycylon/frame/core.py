"""`DataFrame`: everything that can be done with rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycylon.frame.base import Frame
from pycylon.frame.columns import Columns
from pycylon.frame.combine import Combining
from pycylon.frame.convert import Converting
from pycylon.frame.distinct import Distinct
from pycylon.frame.extremes import Extremes
from pycylon.frame.grouping import Grouping
from pycylon.frame.index import Indexed
from pycylon.frame.indexing import Indexing
from pycylon.frame.lazy import Lazy
from pycylon.frame.operators import Operators
from pycylon.frame.order import Ordering
from pycylon.frame.pairs import Pairs
from pycylon.frame.placement import LOCAL
from pycylon.frame.query import Querying
from pycylon.frame.reshape import Reshaping
from pycylon.frame.rows import Rows
from pycylon.frame.spread import Spreading
from pycylon.frame.stats import Statistics
from pycylon.frame.summary import Summaries
from pycylon.frame.window import Windowing

if TYPE_CHECKING:
    from collections.abc import Sequence


class DataFrame(
    Converting,
    Indexing,
    Indexed,
    Querying,
    Columns,
    Operators,
    Combining,
    Grouping,
    Ordering,
    Distinct,
    Reshaping,
    Statistics,
    Extremes,
    Pairs,
    Summaries,
    Windowing,
    Rows,
    Spreading,
    Lazy,
):
    """Rows of named, typed columns, on this rank or spread over the ranks of a job.

    Every operation returns a new frame, which shares the memory of what it keeps; only ``df["x"] = ...`` changes one.

    Parameters
    ----------
    data : object, optional
        Anything with ``__arrow_c_stream__`` or ``__arrow_c_array__`` (pyarrow, Polars, DuckDB, pandas), taken without a
        copy; a dict of columns; a list of dicts (rows); a list of lists (columns, as in PyCylon). Columns may be lists,
        NumPy arrays, or single Arrow columns.
    index : object, optional
        Accepted for PyCylon's scripts and ignored: rows are numbered from 0.
    columns : sequence of str, optional
        The columns' names; of a dict, which columns to take.
    copy : bool, default False
        Copy the rows rather than keep the memory of `data`.

    Notes
    -----
    A NaN in a pandas frame becomes a null. The index of a pandas frame becomes columns if it is named, and is dropped
    otherwise. ``len``, ``shape`` and ``repr`` never communicate: of a partitioned frame they show this rank's share.

    Examples
    --------
    >>> import pycylon as pc
    >>> pc.DataFrame({"a": [1, 2, None], "b": ["x", "y", "z"]})
          a  b
    0     1  x
    1     2  y
    2  null  z
    [3 rows x 2 columns, local]
    """

    __slots__ = ()

    def __init__(
        self, data: object = None, index: object = None, columns: Sequence[str] | None = None, copy: bool = False
    ) -> None:
        from pycylon.interop.ingest import ingest

        del index
        if isinstance(data, Frame):
            frame = data if columns is None else data._renamed(columns)
            self._table, self._placement, self._env = frame._table, frame._placement, frame._env
            return
        self._table, self._placement, self._env = ingest(data, columns, copy), LOCAL, None
