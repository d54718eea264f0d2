"""Docstrings of methods that differ in a word only: what they share is written once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])


def documented(shared: str, result: str) -> Callable[[Method], Method]:
    """Return a decorator that puts what methods share behind the first lines of a method's docstring.

    Parameters
    ----------
    shared : str
        The text, in which ``{name}`` stands for the method's name and ``{result}`` for its example's result.
    result : str
        The latter.
    """

    def complete(method: Method) -> Method:
        if method.__doc__ is not None:  # it is under python -OO
            rest = shared.replace("{name}", method.__name__).replace("{result}", result)
            method.__doc__ = f"{inspect.cleandoc(method.__doc__)}\n\n{inspect.cleandoc(rest)}\n"
        return method

    return complete
