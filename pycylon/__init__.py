"""pycylon: DataFrames whose workers talk to each other directly.

>>> import pycylon as pc
>>> df = pc.DataFrame({"carrier": ["AA", "UA", "AA"], "delay": [10, None, 20]})
>>> df.groupby("carrier").agg(delay=("delay", "mean"))
   carrier  delay
0       AA   15.0
1       UA   null
[2 rows x 2 columns, local]

`DataFrame` and `read_csv` hold rows, `CylonEnv` is this process's place in a job, and `run` starts a job.
"""

from typing import TYPE_CHECKING

from pycylon._version import __version__

if TYPE_CHECKING:
    from pycylon.binning import cut, qcut
    from pycylon.cluster import run
    from pycylon.env import CylonEnv
    from pycylon.frame import DataFrame, concat, merge, merge_asof
    from pycylon.frame.lazy import lazy
    from pycylon.functions import coalesce, select, to_datetime, to_numeric, to_timedelta, where
    from pycylon.io import read_csv, read_ipc, write_ipc
    from pycylon.launch import Local
    from pycylon.reshape import crosstab, get_dummies, melt, pivot_table
    from pycylon.series import Series

__all__ = [
    "CylonEnv",
    "DataFrame",
    "Local",
    "Series",
    "__version__",
    "coalesce",
    "concat",
    "crosstab",
    "cut",
    "get_dummies",
    "lazy",
    "melt",
    "merge",
    "merge_asof",
    "pivot_table",
    "qcut",
    "read_csv",
    "read_ipc",
    "run",
    "select",
    "to_datetime",
    "to_numeric",
    "to_timedelta",
    "where",
    "write_ipc",
]

#: Where each public name lives. They are imported at their first use, so that `import pycylon` costs nothing.
_HOMES = {
    "CylonEnv": "pycylon.env",
    "DataFrame": "pycylon.frame",
    "Local": "pycylon.launch",
    "Series": "pycylon.series",
    "coalesce": "pycylon.functions",
    "concat": "pycylon.frame",
    "crosstab": "pycylon.reshape",
    "cut": "pycylon.binning",
    "get_dummies": "pycylon.reshape",
    "lazy": "pycylon.frame.lazy",
    "melt": "pycylon.reshape",
    "merge": "pycylon.frame",
    "merge_asof": "pycylon.frame",
    "pivot_table": "pycylon.reshape",
    "qcut": "pycylon.binning",
    "read_csv": "pycylon.io",
    "read_ipc": "pycylon.io",
    "run": "pycylon.cluster",
    "select": "pycylon.functions",
    "to_datetime": "pycylon.functions",
    "to_numeric": "pycylon.functions",
    "to_timedelta": "pycylon.functions",
    "where": "pycylon.functions",
    "write_ipc": "pycylon.io",
}

#: Modules that are public, too.
_MODULES = ("errors", "testing")


def __getattr__(name: str) -> object:
    """Import a public name at its first use."""
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"pycylon.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'pycylon' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted({*globals(), *__all__, *_MODULES})
