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

    def _call(self, kind: str, data: bytes | memoryview = b"", **args: Any) -> list[bytes]:
        """Run a collective of bytes and return what it received; `name`, where it isn't the kind, is the method's."""
        call = {"kind": kind, "site": abi.call_site(kind), "args": args}
        self._env._native.opened(args.get("name", kind))
        return self._env._native.collective(call, bytes(data))

    def _call_parts(self, kind: str, parts: list[bytes], **args: Any) -> list[bytes]:
        """Run a collective of a part per rank; none of a rank that only receives."""
        if parts:
            args["lengths"] = [len(part) for part in parts]
        return self._call(kind, b"".join(parts), **args)
