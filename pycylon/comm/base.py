"""How collectives reach the core, and what reductions are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from pycylon._native import abi

if TYPE_CHECKING:
    from pycylon.env import CylonEnv

#: A reduction: a function of two values, or a name: "sum", "min", "max", "prod", "land", "lor", "lxor", "band", "bor",
#: "bxor", "minloc", "maxloc".
Op: TypeAlias = str | Callable[[Any, Any], Any]


class Calls:
    """Calls of collectives."""

    _env: CylonEnv
    allow_pickle: bool

    def _collective(
        self, name: str, kind: str, data: bytes, args: dict[str, Any], **marks: Any
    ) -> tuple[list[bytes], list[int]]:
        """Run a collective for the method of this name and return what it received: messages, and their marks."""
        native = self._env._native
        native.opened(name)
        return native.collective(
            {"kind": kind, "site": abi.call_site(name), "args": {"name": name, **args}, **marks}, data
        )
