"""What is done to every value of a frame: arithmetic, missing values, rounding, conversion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pycylon.errors import InvalidError
from pycylon.frame.base import Frame, Label
from pycylon.frame.columns import assign
from pycylon.frame.indexing import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pycylon.frame.core import DataFrame
    from pycylon.series import Series


class Elementwise(Frame):
    """Methods that look at each value by itself."""

    __slots__ = ()

    def _each_column(self, change: Callable[[str, Series], object], names: Sequence[str] | None = None) -> DataFrame:
        """Return the frame with what `change` makes of columns, by default of all."""
        listed = self.columns if names is None else names
        return assign(self, {name: change(name, self._column(name)) for name in listed})

    # ---- missing values ----

    def isna(self) -> DataFrame:
        """Tell for each value whether it is null or NaN."""
        return self._each_column(lambda _, column: column.isna())

    def notna(self) -> DataFrame:
        """Tell for each value whether it is neither null nor NaN."""
        return self._each_column(lambda _, column: column.notna())

    isnull, notnull = isna, notna

    def fillna(self, value: object) -> DataFrame:
        """Return the frame with other values where they are null or NaN.

        Parameters
        ----------
        value : scalar or dict
            What to put there; a dict has values by column and leaves other columns as they are.

        Examples
        --------
        >>> pc.DataFrame({"a": [1, None], "s": [None, "x"]}).fillna({"a": 0}).to_dict()
        {'a': [1, 0], 's': [None, 'x']}
        """
        if isinstance(value, dict):
            by_name = {self._names(name)[0]: new for name, new in value.items()}
            return self._each_column(lambda name, column: column.fillna(by_name[name]), list(by_name))
        return self._each_column(lambda _, column: column.fillna(value))

    def dropna(
        self,
        how: Literal["any", "all"] = "any",
        thresh: int | None = None,
        subset: Label | Sequence[Label] | None = None,
    ) -> DataFrame:
        """Return the rows without nulls and NaN.

        Parameters
        ----------
        how : {"any", "all"}, default "any"
            Drop a row with one missing value, or one without others.
        thresh : int, optional
            Keep rows with as many values that aren't missing, whatever `how` says.
        subset : str or sequence of str, optional
            The columns to look at. Default: all.

        Examples
        --------
        >>> pc.DataFrame({"a": [1, None, 3], "b": [None, None, "x"]}).dropna(how="all").to_dict()
        {'a': [1, 3], 'b': [None, 'x']}
        """
        if how not in ("any", "all"):
            raise InvalidError(f"how={how!r}: give any or all", op="dropna")
        names = self.columns if subset is None else self._names(subset)
        kept: Any = [self._column(name).notna() for name in names]
        if not kept:
            return self.__copy__()
        if thresh is not None:
            kept = [is_there.astype("int64") for is_there in kept]
            return masked(self, _folded(kept, "add") >= thresh)
        return masked(self, _folded(kept, "__and__" if how == "any" else "__or__"))

    # ---- choices ----

    def where(self, cond: Series, other: object = None) -> DataFrame:
        """Return the rows where a condition is true, and another value in all columns elsewhere.

        Parameters
        ----------
        cond : Series
            Booleans of this frame. For one column by its own values, use `Series.where`.
        other : scalar, optional
            What stands elsewhere. Default: null.
        """
        return self._each_column(lambda _, column: column.where(cond, other))

    def mask(self, cond: Series, other: object = None) -> DataFrame:
        """Return another value in all columns where a condition is true, and the rows as they are elsewhere.

        Parameters
        ----------
        cond : Series
            Booleans of this frame.
        other : scalar, optional
            What stands where it is true. Default: null.
        """
        return self._each_column(lambda _, column: column.mask(cond, other))

    def replace(self, to_replace: object, value: object = None) -> DataFrame:
        """Return the frame with some values replaced by others.

        Parameters
        ----------
        to_replace : scalar, list or dict
            The values to replace; a dict has what they are replaced by, or such dicts by column.
        value : scalar or list, optional
            What they are replaced by.

        Examples
        --------
        >>> pc.DataFrame({"a": [1, 2], "b": [2, 3]}).replace({"a": {2: 20}}).to_dict()
        {'a': [1, 20], 'b': [2, 3]}
        """
        if isinstance(to_replace, dict) and to_replace and all(isinstance(v, dict) for v in to_replace.values()):
            by_name = {self._names(name)[0]: pairs for name, pairs in to_replace.items()}
            return self._each_column(lambda name, column: column.replace(by_name[name]), list(by_name))
        return self._each_column(lambda _, column: column.replace(to_replace, value))

    # ---- numbers ----

    def abs(self) -> DataFrame:
        """Return the absolute values."""
        return self._each_column(lambda _, column: column.abs())

    def round(self, decimals: int | Mapping[str, int] = 0) -> DataFrame:
        """Return the frame with its numbers rounded, a half to the even neighbour; other columns stay.

        Parameters
        ----------
        decimals : int or dict, default 0
            Digits after the point; a dict has them by column.

        Examples
        --------
        >>> pc.DataFrame({"a": [0.125, 1.5], "s": ["x", "y"]}).round(2).to_dict()
        {'a': [0.12, 1.5], 's': ['x', 'y']}
        """
        by_name = decimals if isinstance(decimals, Mapping) else dict.fromkeys(_numbers(self), decimals)
        return self._each_column(lambda name, column: column.round(by_name[name]), list(by_name))

    def clip(self, lower: object = None, upper: object = None) -> DataFrame:
        """Return the values, those below or above a bound replaced by it.

        Parameters
        ----------
        lower, upper : scalar, optional
            The bounds; None is none.
        """
        return self._each_column(lambda _, column: column.clip(lower, upper))

    def astype(self, dtype: str | type | Mapping[str, str | type]) -> DataFrame:
        """Return the frame with columns in other types.

        Parameters
        ----------
        dtype : str, type or dict
            A type as in `Series.astype`; a dict has types by column and leaves other columns as they are.

        Examples
        --------
        >>> pc.DataFrame({"a": ["1", "2"], "b": [1, 2]}).astype({"a": int}).dtypes
        {'a': 'int64', 'b': 'int64'}
        """
        if isinstance(dtype, (str, type)):
            return self._each_column(lambda _, column: column.astype(dtype))
        by_name = {self._names(name)[0]: kind for name, kind in dtype.items()}
        return self._each_column(lambda name, column: column.astype(by_name[name]), list(by_name))


def _numbers(frame: Frame) -> list[str]:
    """Return the names of the columns of numbers."""
    return [name for name, kind in frame.dtypes.items() if kind.startswith(("int", "uint", "float", "decimal"))]


def _folded(columns: list[Any], operator: str) -> Any:
    """Return columns combined in pairs of pairs: an expression that is not deep."""
    while len(columns) > 1:
        pairs = [getattr(a, operator)(b) for a, b in zip(columns[::2], columns[1::2])]
        columns = pairs + columns[len(columns) & ~1 :]
    return columns[0]
