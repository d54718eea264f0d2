"""`Series.str`: functions of strings, and of the lists that a split makes."""

from __future__ import annotations

from pycylon.series.text.match import Matching
from pycylon.series.text.pieces import Pieces
from pycylon.series.text.shape import Shaping


class Strings(Matching, Pieces, Shaping):
    """The functions of a series' strings: ``df["s"].str.upper()``.

    Parameters
    ----------
    series : Series
        The series.

    Notes
    -----
    Positions and lengths count code points. Patterns are RE2's, as Go's regexp package reads them: no look-around, no
    back references, time linear in the text; ``$`` is the end of the text. Letters change case one by one, but for a
    few that become several ("ß", "ﬁ").

    Examples
    --------
    >>> s = pc.Series("s", ["one two", None, "three"])
    >>> s.str.upper().to_list()
    ['ONE TWO', None, 'THREE']
    >>> s.str.split(" ").str[0].to_list()
    ['one', None, 'three']
    """

    __slots__ = ()
