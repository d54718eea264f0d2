"""Values in Python: functions of each, and a series by position."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from pycylon.expr import Literal as Value
from pycylon.series.base import Values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pycylon.series.core import Series


class Rows(Values):
    """Methods that hand values to Python, and small things that pandas' series have."""

    __slots__ = ()

    def map(self, arg: Callable[[Any], Any] | Mapping[Any, Any], na_action: Literal["ignore"] | None = None) -> Series:
        """Return what each value becomes, by a mapping or a function.

        Parameters
        ----------
        arg : mapping or function
            A mapping is a hash table in the core, however large; what it doesn't have becomes null. A function takes
            a value, None for a null, and makes a series of its own, of the rows here: it is a thousand times slower.
        na_action : "ignore", optional
            Leave nulls as they are.

        Examples
        --------
        >>> df = pc.DataFrame({"a": ["x", "y", None]})
        >>> df.assign(n=df["a"].map({"x": 1, "y": 2}))["n"].to_list()
        [1, 2, None]
        >>> df["a"].map(str.upper, na_action="ignore").to_list()
        ['X', 'Y', None]
        """
        if not isinstance(arg, Mapping) and not callable(arg):
            raise TypeError(f"map takes a dict or a function, not a {type(arg).__name__}")
        if not isinstance(arg, Mapping):
            return self._here().map(arg, na_action)[self.name]  # type: ignore[no-any-return]
        return self._looked_up(arg, Value(None))

    def apply(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Series:
        """Return what a function makes of each value: `map` of ``func(value, *args, **kwargs)``.

        Parameters
        ----------
        func : function
            Takes a value, None for a null.
        *args, **kwargs
            Its other arguments.
        """
        return self.map(lambda value: func(value, *args, **kwargs))

    def pipe(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Return what a function makes of this series: ``func(series, *args, **kwargs)``.

        Parameters
        ----------
        func : function
            The function.
        *args, **kwargs
            Its other arguments.
        """
        return func(self, *args, **kwargs)

    def items(self) -> Iterator[tuple[Any, Any]]:
        """Iterate over the values here with their labels."""
        return zip(self._frame.index, self.to_list())

    def rename(self, index: str) -> Series:
        """Return the series under another name.

        Parameters
        ----------
        index : str
            The name.
        """
        return self._bound(self._frame, self._expr, str(index))

    def copy(self, deep: bool = True) -> Series:
        """Return the series: its values never change.

        Parameters
        ----------
        deep : bool, default True
            Accepted for pandas' scripts.
        """
        del deep
        return self._bound(self._frame, self._expr, self.name)

    def head(self, n: int = 5) -> Series:
        """Return the first `n` values; with a negative `n`, all but the last. Collective on a partitioned frame.

        Parameters
        ----------
        n : int, default 5
            How many.
        """
        return self.to_frame().head(n)._column(self.name)

    def tail(self, n: int = 5) -> Series:
        """Return the last `n` values; with a negative `n`, all but the first. Collective on a partitioned frame.

        Parameters
        ----------
        n : int, default 5
            How many.
        """
        return self.to_frame().tail(n)._column(self.name)

    def explode(self) -> Series:
        """Return the elements of lists, one after the other: a null for an empty list and for a null.

        Examples
        --------
        >>> pc.Series("l", [[1, 2], [], [3]]).explode().to_list()
        [1, 2, None, 3]
        """
        return self.to_frame().explode(self.name)._column(self.name)

    def tolist(self) -> list[Any]:
        """Return the values here as Python objects."""
        return self.to_list()

    @property
    def size(self) -> int:
        """The number of values here."""
        return len(self)

    @property
    def ndim(self) -> int:
        """The number of dimensions: 1."""
        return 1

    @property
    def empty(self) -> bool:
        """Whether there are no values here."""
        return len(self) == 0
