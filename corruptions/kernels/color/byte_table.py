"""Look-ups of bytes in a table of 256 bytes: 64 at a time where the processor can (AVX-512 VBMI), else one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import binding, ir  # type: ignore[import-untyped]
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from robustbench_endo.corruptions.kernels.backend import Bytes, Indices
from robustbench_endo.corruptions.kernels.compiled import njit

_LANES = 64
# A processor that was set by hand (NUMBA_CPU_NAME) may lack what the host has.
_HAS_VBMI = (
    getattr(config, "CPU_NAME", None) is None
    and getattr(config, "CPU_FEATURES", None) is None
    and bool(binding.get_host_cpu_features().get("avx512vbmi", False))
)


@intrinsic
def _look_up_vectors(context: Any, tables: Any, source: Any, target: Any, count: Any) -> Any:
    """target[i] = tables[0, source[i]] for i < 64 count; tables are contiguous (1, 256)."""
    return types.none(tables, source, target, types.int64), lambda *call: _emit(1, *call)


@intrinsic
def _look_up_vectors_of_3(context: Any, tables: Any, source: Any, target: Any, count: Any) -> Any:
    """target[i] = tables[i % 3, source[i]] for i < 192 count; tables are contiguous (3, 256)."""
    return types.none(tables, source, target, types.int64), lambda *call: _emit(3, *call)


def _emit(channels: int, context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    byte, vector = ir.IntType(8), ir.VectorType(ir.IntType(8), _LANES)
    flags = ir.VectorType(ir.IntType(1), _LANES)

    def address(argument: int, offset: Any) -> Any:
        data = make_array(signature.args[argument])(context, builder, arguments[argument]).data  # type: ignore[no-untyped-call]
        element = builder.gep(builder.bitcast(data, byte.as_pointer()), [offset])
        return builder.bitcast(element, vector.as_pointer())

    def constant(number: int) -> Any:
        return ir.Constant(ir.IntType(64), number)

    shuffle = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
        builder.module, ir.FunctionType(vector, [vector] * 3), "llvm.x86.avx512.vpermi2var.qi.512"
    )
    # Tables are loaded once: in a loop outside they would be loaded again after every store.
    quarters = [builder.load(address(0, constant(_LANES * k)), align=1) for k in range(4 * channels)]
    with cgutils.for_range(builder, arguments[3]) as loop:
        for part in range(channels):
            first = builder.mul(loop.index, constant(_LANES * channels))
            offset = builder.add(first, constant(_LANES * part))
            index = builder.load(address(1, offset), align=1)
            upper_half = builder.icmp_signed("<", index, ir.Constant(vector, [0] * _LANES))
            result = None
            for channel in range(channels):
                table = quarters[4 * channel : 4 * channel + 4]
                low = builder.call(shuffle, [table[0], index, table[1]])
                high = builder.call(shuffle, [table[2], index, table[3]])
                mapped = builder.select(upper_half, high, low)
                lanes = [(_LANES * part + i) % 3 == channel for i in range(_LANES)]
                result = mapped if result is None else builder.select(ir.Constant(flags, lanes), mapped, result)
            builder.store(result, address(2, offset), align=1)
    return context.get_dummy_value()


@njit(cache=True, nogil=True)
def look_up_scalar(tables: Bytes, source: Bytes, target: Bytes) -> None:
    """:data:`look_up` on any processor."""
    for i in range(len(source)):
        target[i] = tables[i % len(tables), source[i]]


@njit(cache=True, nogil=True)
def _look_up_vector(tables: Bytes, source: Bytes, target: Bytes) -> None:
    count = len(source) // (_LANES * len(tables))
    for i in range(count * _LANES * len(tables), len(source)):
        target[i] = tables[i % len(tables), source[i]]
    if len(tables) == 1:
        _look_up_vectors(tables, source, target, np.int64(count))  # type: ignore[call-arg]
    else:
        _look_up_vectors_of_3(tables, source, target, np.int64(count))  # type: ignore[call-arg]


look_up = _look_up_vector if _HAS_VBMI else look_up_scalar
"""``look_up(tables, source, target)``: target[i] = tables[i % len(tables), source[i]], all uint8 and contiguous.

``tables`` are (1, 256), or (3, 256) for the channels of interleaved pixels.
"""


@njit(cache=True, nogil=True)
def sums_of_16_bits(frame: Bytes, low: Bytes, high: Bytes) -> Indices:
    """The sum over each channel of contiguous (H, W, 3) of ``256 high[0, level] + low[0, level]``."""
    width = 3 * frame.shape[1]
    lower, upper = np.empty(width, np.uint8), np.empty(width, np.uint8)
    # 257 bytes fit a sum of 16 bits, of which twice as many are added at once as of 32.
    lower_sums, upper_sums, totals = np.zeros(width, np.uint16), np.zeros(width, np.uint16), np.zeros(3, np.int64)
    for y in range(frame.shape[0]):
        source = frame[y].reshape(-1)
        look_up(low, source, lower)
        look_up(high, source, upper)
        for i in range(width):
            lower_sums[i] += np.uint16(lower[i])
        for i in range(width):
            upper_sums[i] += np.uint16(upper[i])
        if y % 257 == 256 or y == frame.shape[0] - 1:
            for i in range(width):
                totals[i % 3] += 256 * np.int64(upper_sums[i]) + np.int64(lower_sums[i])
            lower_sums[:], upper_sums[:] = 0, 0
    return totals
