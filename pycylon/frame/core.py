"""`DataFrame`: rows in the core, and the methods that compute on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from pycylon.errors import InvalidError, NotFoundError
from pycylon.frame.placement import LOCAL, Placement
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    import os

    import numpy
    import pandas
    import polars
    import pyarrow

    from pycylon._native import abi
    from pycylon.env import CylonEnv
    from pycylon.frame.combine import How
    from pycylon.groupby import GroupBy
    from pycylon.series import Series

#: A column by its name, or by its position as in PyCylon.
Label = str | int


class DataFrame:
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

    __slots__ = ("__weakref__", "_env", "_placement", "_table")

    _table: abi.Table
    _placement: Placement
    _env: CylonEnv | None

    def __init__(
        self, data: object = None, index: object = None, columns: Sequence[str] | None = None, copy: bool = False
    ) -> None:
        from pycylon.interop.ingest import ingest

        del index
        if isinstance(data, DataFrame):
            frame = data if columns is None else data._renamed(columns)
            self._table, self._placement, self._env = frame._table, frame._placement, frame._env
            return
        self._table, self._placement, self._env = ingest(data, columns, copy), LOCAL, None

    @classmethod
    def _of(cls, table: abi.Table | None, placement: Placement = LOCAL, env: CylonEnv | None = None) -> DataFrame:
        """Return a frame of a table of the core."""
        if table is None:
            raise AssertionError("an operation made no rows")
        frame = cls.__new__(cls)
        frame._table, frame._placement, frame._env = table, placement, env
        return frame

    # ---- what it is ----

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [field.name for field in self._table.schema]

    @property
    def dtypes(self) -> dict[str, str]:
        """The types of the columns, as Arrow names them.

        Examples
        --------
        >>> pc.DataFrame({"a": [1], "b": ["x"]}).dtypes
        {'a': 'int64', 'b': 'utf8'}
        """
        return {field.name: field.type for field in self._table.schema}

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and columns; of a partitioned frame, the rows of this rank."""
        return self._table.rows, len(self._table.schema)

    @property
    def index(self) -> range:
        """The numbers of the rows."""
        return range(len(self))

    @property
    def empty(self) -> bool:
        """Whether there are no rows or no columns here."""
        return 0 in self.shape

    @property
    def nbytes(self) -> int:
        """The bytes that the rows here take."""
        return self._table.nbytes

    @property
    def placement(self) -> str:
        """Where the rows are: "local", "partitioned" or "replicated"."""
        return self._placement.kind

    @property
    def env(self) -> CylonEnv | None:
        """The environment whose ranks hold the rows; None of a local frame."""
        return self._env

    @property
    def local(self) -> DataFrame:
        """The rows of this rank as a local frame: operations on it never communicate."""
        return self._of(self._table)

    def __len__(self) -> int:
        """Return the number of rows; of a partitioned frame, those of this rank."""
        return self._table.rows

    def __iter__(self) -> Iterator[str]:
        """Iterate over the columns' names."""
        return iter(self.columns)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is a column called `name`."""
        return name in self.columns

    def __bool__(self) -> bool:
        """Raise: a frame is neither true nor false."""
        raise TypeError("a DataFrame is neither true nor false: ask for `df.empty` or `len(df)`")

    def __eq__(self, other: object) -> NoReturn:
        """Raise: columns are compared, not frames."""
        raise TypeError(
            "frames aren't compared as a whole: compare a column, as in df['a'] == 1, look at `df is None`, or use "
            "pycylon.testing.assert_frame_equal"
        )

    __ne__ = __eq__
    __hash__ = object.__hash__

    def __getattr__(self, name: str) -> NoReturn:
        """Raise an AttributeError that says where names of pandas are."""
        from pycylon.frame.foreign import missing

        if not name.startswith("_") and name in self.columns:
            raise AttributeError(f"'DataFrame' object has no attribute {name!r}: the column is df[{name!r}]")
        raise missing(self, "df", name)

    def __copy__(self) -> DataFrame:
        """Return a frame of the same rows, which are shared."""
        return self._of(self._table, self._placement, self._env)

    def __deepcopy__(self, memo: object) -> DataFrame:
        """Return a frame of the same rows: they never change, so they are shared.

        Parameters
        ----------
        memo : object
            Not used.
        """
        return self.__copy__()

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the rows here as Arrow IPC: they come back as a local frame, whatever the placement."""
        from pycylon.io import from_bytes, to_bytes

        return from_bytes, (to_bytes(self), self.dtypes)

    def __repr__(self) -> str:
        """Return the first and last rows as text."""
        from pycylon.frame.display import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from pycylon.frame.display import as_html

        return as_html(self)

    # ---- out ----

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return a PyCapsule around an Arrow C stream of the rows here, without a copy.

        Parameters
        ----------
        requested_schema : object, optional
            Ignored, as Arrow's protocol allows.
        """
        return self._table.stream()

    def to_arrow(self) -> pyarrow.Table:
        """Return the rows here as a pyarrow table, without a copy."""
        from pycylon import _optional

        return _optional.need("pyarrow", "to_arrow").table(self)

    def to_pandas(self) -> pandas.DataFrame:
        """Return the rows here as a pandas frame. Nulls become what pandas has for them: NaN, NaT, None."""
        from pycylon.interop.pandas import to_pandas

        return to_pandas(self)

    def to_polars(self) -> polars.DataFrame:
        """Return the rows here as a Polars frame."""
        from pycylon import _optional

        return _optional.need("polars", "to_polars").DataFrame(self)

    def to_numpy(self) -> numpy.ndarray[Any, Any]:
        """Return the rows here as a two-dimensional NumPy array, of a type that holds all columns."""
        values: numpy.ndarray[Any, Any] = self.to_pandas().to_numpy()
        return values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> numpy.ndarray[Any, Any]:
        """Return the rows here for ``numpy.asarray``, which would take the columns' names otherwise.

        Parameters
        ----------
        dtype : object, optional
            The type of the values.
        copy : bool, optional
            False is refused: the values are always copied.
        """
        if copy is False:
            raise ValueError("the rows of a DataFrame can't become an array without a copy")
        values = self.to_numpy()
        return values if dtype is None else values.astype(dtype)

    def to_dict(self, orient: Literal["list", "records"] = "list") -> Any:
        """Return the rows here as Python objects.

        Parameters
        ----------
        orient : {"list", "records"}, default "list"
            A dict of columns, or a list of rows.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, None]})
        >>> df.to_dict()
        {'a': [1, None]}
        >>> df.to_dict("records")
        [{'a': 1}, {'a': None}]
        """
        from pycylon.interop.decode import decode

        columns = decode(self._table)
        if orient == "list":
            return dict(columns)
        if orient == "records":
            names = [name for name, _ in columns]
            return [dict(zip(names, row)) for row in zip(*[values for _, values in columns])]
        raise InvalidError(f"orient={orient!r}: expected 'list' or 'records'", op="to_dict")

    to_pydict = to_dict

    def to_csv(
        self, path: str | os.PathLike[str], sep: str = ",", na_rep: str = "", header: bool = True, index: bool = False
    ) -> None:
        """Write the rows to a CSV file.

        A partitioned frame is refused: write each rank's share to a file of its own, as
        ``df.local.to_csv(f"out-{env.rank}.csv")``, or bring the rows to one rank with `gather`.

        Parameters
        ----------
        path : path-like
            The file, replaced if it exists.
        sep : str, default ","
            What stands between two values.
        na_rep : str, default ""
            What stands for a null.
        header : bool, default True
            Whether the first line has the columns' names.
        index : bool, default False
            Accepted for pandas' scripts; rows have no index to write, so True is refused.
        """
        from pycylon.io import write_csv

        write_csv(self, path, sep=sep, na_rep=na_rep, header=header, index=index)

    # ---- rows and columns ----

    def __getitem__(self, key: Any) -> Any:
        """Return a column (``df["a"]``), columns (``df[["a", "b"]]``), rows (``df[2:5]``) or masked ones.

        Parameters
        ----------
        key : str, list of str, slice or Series
            What to take. Slices of a partitioned frame count its rows in the order of the ranks.

        Notes
        -----
        Collective on a partitioned frame, but for a single column: all ranks do it, also where no row moves. What one
        rank does alone, as under ``if env.rank == 0:``, it does with `local`: ``df.local[["a"]]``.
        """
        from pycylon.frame.indexing import get

        return get(self, key)

    def head(self, n: int = 5, env: CylonEnv | None = None) -> DataFrame:
        """Return the first `n` rows; with a negative `n`, all but the last.

        Parameters
        ----------
        n : int, default 5
            How many.
        env : CylonEnv, optional
            Treat this frame as this rank's share of a partitioned one. Collective then, as on a partitioned frame:
            ``df.local.head()`` is one rank's own.
        """
        from pycylon.frame.indexing import rows

        return rows(self, slice(None, n), "head", env)

    def tail(self, n: int = 5, env: CylonEnv | None = None) -> DataFrame:
        """Return the last `n` rows; with a negative `n`, all but the first.

        Parameters
        ----------
        n : int, default 5
            How many.
        env : CylonEnv, optional
            As in `head`.
        """
        from pycylon.frame.indexing import rows

        span = slice(len(self), None) if n == 0 else slice(-n, None)
        return rows(self, slice(0, 0) if n == 0 else span, "tail", env)

    def take(self, indices: Iterable[int | None]) -> DataFrame:
        """Return the rows at the given positions of a frame that is not partitioned, in their order.

        Parameters
        ----------
        indices : iterable of int
            Positions, from 0 on; None gives a row of nulls.

        Examples
        --------
        >>> pc.DataFrame({"a": [10, 20, 30]}).take([2, 0, 2]).to_dict()
        {'a': [30, 10, 30]}
        """
        from pycylon.frame.indexing import take

        return take(self, indices)

    def rename(self, columns: Mapping[str, str] | Callable[[str], str] | Sequence[str]) -> DataFrame:
        """Return the frame with other column names.

        Parameters
        ----------
        columns : mapping, function or sequence of str
            New names by old ones, or all of them.

        Notes
        -----
        Collective on a partitioned frame, although no row moves: one rank alone renames columns of ``df.local``.
        """
        if isinstance(columns, str):
            raise InvalidError(f"columns={columns!r}: expected a dict of new names by old ones", op="rename")
        if callable(columns):
            return self._renamed([columns(name) for name in self.columns])
        if isinstance(columns, Mapping):
            return self._renamed([columns.get(name, name) for name in self.columns])
        return self._renamed(columns)

    def drop(self, columns: Label | Sequence[Label]) -> DataFrame:
        """Return the frame without some columns.

        Parameters
        ----------
        columns : str or sequence of str
            Which.

        Notes
        -----
        Collective on a partitioned frame, although no row moves: one rank alone drops columns of ``df.local``.
        """
        gone = set(self._names(columns))
        return self._project([name for name in self.columns if name not in gone], "drop")

    def assign(self, /, **columns: Any) -> DataFrame:
        """Return the frame with columns added, or replaced where the name is there already.

        Order, placement and all other columns stay.

        Parameters
        ----------
        **columns
            By name: a series of this frame (a comparison, a cast), a single value for all rows, or a function that
            takes the frame with the columns before it and returns one of those.

        Notes
        -----
        ``df["x"] = value`` does the same to the frame that `df` names. Collective on a partitioned frame.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, 2], "b": ["3", "4"]})
        >>> df.assign(b=df["b"].astype(int), big=lambda f: f["b"] > f["a"], source="file").to_dict()
        {'a': [1, 2], 'b': [3, 4], 'big': [True, True], 'source': ['file', 'file']}
        """
        from pycylon.frame.assign import assign

        return assign(self, columns)

    def __setitem__(self, name: str, value: Any) -> None:
        """Add or replace a column: ``df["x"] = value`` is ``df = df.assign(x=value)``.

        Parameters
        ----------
        name : str
            The column's name.
        value : Series, scalar or function
            As in `assign`. Series and frames that were made from this frame before stay as they are.
        """
        from pycylon.frame.assign import assign

        changed = assign(self, {name: value})
        self._table, self._placement, self._env = changed._table, changed._placement, changed._env

    # ---- operations ----

    def merge(
        self,
        right: DataFrame,
        how: How = "inner",
        on: Label | Sequence[Label] | None = None,
        left_on: Label | Sequence[Label] | None = None,
        right_on: Label | Sequence[Label] | None = None,
        *,
        suffixes: tuple[str, str] = ("_x", "_y"),
        algorithm: str | None = None,
        env: CylonEnv | None = None,
    ) -> DataFrame:
        """Match the rows of two frames on equal keys.

        Parameters
        ----------
        right : DataFrame
            The other frame.
        how : {"inner", "left", "right", "outer"}, default "inner"
            Which rows without a match to keep. PyCylon's "fullouter" is "outer".
        on : str or sequence of str, optional
            The keys, of the same names on both sides. Default: all names that both sides have.
        left_on, right_on : str or sequence of str, optional
            The keys, where the names differ.
        suffixes : (str, str), default ("_x", "_y")
            What is added to the names that both sides have, other than the keys.
        algorithm : str, optional
            Accepted for PyCylon's scripts; the core chooses.
        env : CylonEnv, optional
            Treat local frames as this rank's share. Collective then, as on partitioned frames.

        Notes
        -----
        Keys of the same name become one column. Null keys match null keys. The order of the rows is unspecified. A
        replicated frame needs no shuffle.

        Examples
        --------
        >>> left = pc.DataFrame({"k": [1, 2], "a": [10, 20]})
        >>> right = pc.DataFrame({"k": [2, 3], "b": ["x", "y"]})
        >>> left.merge(right, on="k")
           k   a  b
        0  2  20  x
        [1 row x 3 columns, local]
        """
        from pycylon.frame.combine import merge

        return merge(self, right, how, on, left_on, right_on, suffixes=suffixes, algorithm=algorithm, env=env)

    def groupby(
        self,
        by: Label | Sequence[Label],
        *,
        as_index: bool = False,
        sort: bool = True,
        dropna: bool = True,
        groupby_type: str | None = None,
        env: CylonEnv | None = None,
    ) -> GroupBy:
        """Group the rows by equal keys; an aggregate of the result computes.

        Parameters
        ----------
        by : str or sequence of str
            The keys.
        as_index : bool, default False
            Accepted if False: the keys are ordinary columns of the result, unlike pandas' default.
        sort : bool, default True
            Whether the result is in the order of the keys.
        dropna : bool, default True
            Whether rows with a null key are left out.
        groupby_type : str, optional
            Accepted for PyCylon's scripts; the core chooses.
        env : CylonEnv, optional
            Treat a local frame as this rank's share. Collective then, as on a partitioned frame.

        Examples
        --------
        >>> df = pc.DataFrame({"k": ["a", "b", "a"], "v": [1, 2, 3]})
        >>> df.groupby("k").agg(total=("v", "sum"), n=("v", "count"))
           k  total  n
        0  a      4  2
        1  b      2  1
        [2 rows x 3 columns, local]
        """
        from pycylon.groupby import GroupBy

        del groupby_type
        if as_index:
            raise InvalidError(
                "as_index=True isn't supported: the keys are ordinary columns of the result", op="groupby"
            )
        return GroupBy(self, self._names(by), sort=sort, dropna=dropna, env=env)

    def sort_values(
        self,
        by: Label | Sequence[Label],
        ascending: bool | Sequence[bool] = True,
        *,
        na_position: Literal["last", "first"] = "last",
        ignore_index: bool = True,
        env: CylonEnv | None = None,
    ) -> DataFrame:
        """Return the rows in the order of some columns; rows of equal keys keep their order.

        Parameters
        ----------
        by : str or sequence of str
            The columns, the most significant first.
        ascending : bool or sequence of bool, default True
            The directions.
        na_position : {"last", "first"}, default "last"
            Where nulls go, whatever the direction. NaN comes after all numbers.
        ignore_index : bool, default True
            Accepted for pandas' scripts: rows are always numbered from 0.
        env : CylonEnv, optional
            Treat a local frame as this rank's share: the order then goes on from rank to rank. Collective.

        Examples
        --------
        >>> pc.DataFrame({"a": [2, None, 1]}).sort_values("a", ascending=False).to_dict()
        {'a': [2, 1, None]}
        """
        from pycylon.frame.combine import sort

        del ignore_index
        return sort(self, self._names(by), ascending, na_position, env)

    # ---- between ranks ----

    def replicate(self, env: CylonEnv | None = None) -> DataFrame:
        """Return the frame as one whose rows all ranks hold: a merge with it needs no shuffle.

        Parameters
        ----------
        env : CylonEnv, optional
            The job, for a local frame: you promise that every rank gives the same rows, in the same order. They are
            marked, not compared and not sent. If they differ, results are wrong.

        Notes
        -----
        Of a partitioned frame, every rank receives all rows, in the order of the ranks: collective.

        Examples
        --------
        >>> lookup = pc.DataFrame({"k": [1, 2], "name": ["one", "two"]})
        >>> with pc.CylonEnv() as env:
        ...     lookup.replicate(env).placement
        'replicated'
        """
        from pycylon.frame.spread import replicate

        return replicate(self, env)

    def gather(self, root: int = 0, env: CylonEnv | None = None) -> DataFrame:
        """Return all rows as a local frame of one rank; the others get one without rows. Collective.

        Parameters
        ----------
        root : int, default 0
            The rank that gets the rows, in the order of the ranks.
        env : CylonEnv, optional
            Treat a local frame as this rank's share.

        Examples
        --------
        >>> with pc.CylonEnv() as env:
        ...     whole = pc.DataFrame({"a": [1, 2]}).gather(env=env)
        ...     if env.rank == 0:
        ...         print(whole)
           a
        0  1
        1  2
        [2 rows x 1 column, local]
        """
        from pycylon.frame.spread import gather

        return gather(self, root, env)

    # ---- how the methods see it ----

    def _names(self, labels: Any) -> list[str]:
        """Return the names of the columns that `labels` gives by name or position."""
        if isinstance(labels, (str, int)):
            labels = [labels]
        columns = self.columns
        names = []
        for label in labels:
            if isinstance(label, int) and not isinstance(label, bool):
                if not -len(columns) <= label < len(columns):
                    raise NotFoundError(f"there is no column number {label}: there are {len(columns)}")
                names.append(columns[label])
            elif label in columns:
                names.append(label)
            else:
                raise NotFoundError(f"there is no column {label!r}: the columns are {_listed(columns)}")
        return names

    def _project(self, names: Sequence[str], operation: str, renamed: Sequence[str] | None = None) -> DataFrame:
        plan = Plan(operation, [self])
        columns = [{"name": new, "expr": {"col": old}} for new, old in zip(renamed or names, names)]
        plan.node("project", inputs=plan.inputs, columns=columns)
        return plan.run()

    def _renamed(self, names: Sequence[str]) -> DataFrame:
        own = self.columns
        if len(names) != len(own):
            raise InvalidError(f"{len(names)} names were given for {len(own)} columns", op="rename")
        return self._project(own, "rename", [str(name) for name in names])

    def _column(self, name: str) -> Series:
        from pycylon.expr import Column
        from pycylon.series import Series

        # Of the rows as they are now: `df["x"] = ...` changes what `df` holds.
        return Series._bound(self._of(self._table, self._placement, self._env), Column(name), name)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:10])
    return shown + (f", ... ({len(names)} in all)" if len(names) > 10 else "") if names else "none"
