"""Packages that pycylon can use but doesn't need: imported where they are used, never at `import pycylon`."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

#: The extra of pycylon that brings each package.
EXTRAS = {"pandas": "pandas", "pyarrow": "arrow", "polars": "polars", "numpy": "pandas", "cloudpickle": "run"}


def find(name: str) -> ModuleType | None:
    """Return module `name`, or None where it isn't installed.

    Parameters
    ----------
    name : str
        The module's full name.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def need(name: str, what: str) -> ModuleType:
    """Return module `name`, or raise an ImportError that says how to install it.

    Parameters
    ----------
    name : str
        The module's full name.
    what : str
        What needs it, for the error's text: "to_pandas".
    """
    module = find(name)
    if module is None:
        package = name.partition(".")[0]
        extra = EXTRAS.get(package)
        how = f"pip install 'pycylon[{extra}]'" if extra else f"pip install {package}"
        raise ImportError(f"{what} needs {package}, which isn't installed: {how}", name=package)
    return module


def loaded(name: str) -> ModuleType | None:
    """Return module `name` where the program has imported it already: an object can only be of its types then.

    Parameters
    ----------
    name : str
        The module's full name.
    """
    return sys.modules.get(name)
