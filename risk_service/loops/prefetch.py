"""Asks for memory ahead of its use, from within the loops.

What an order touches lies far apart and has left the processor's caches since it was last used.
Asked for together it comes together; else a loop waits for one place after the other.
"""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]  # it has none
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

# What one step brings, in 64 bit words.
LINE_WORDS = 8
# For reading, and as if it was soon used again.
_READ, _KEEP, _DATA = 0, 3, 1

_declared: Any = cgutils.get_or_insert_function


def _ask(_: Any, words: Any, place: Any) -> Any:
    """Ask for the line of memory in which a word lies; nothing waits for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        address = builder.bitcast(builder.gep(array.data, [arguments[1]]), cgutils.voidptr_t)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        asked = _declared(builder.module, kind, "llvm.prefetch.p0")
        builder.call(asked, [address, *(number(one) for one in (_READ, _KEEP, _DATA))])
        return context.get_dummy_value()

    return types.none(words, place), generate


prefetch: Any = intrinsic(_ask)
