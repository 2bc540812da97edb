"""Look-ups of bytes in a table of 256 bytes: 64 at a time where the processor can (AVX-512 VBMI), else one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import binding, ir  # type: ignore[import-untyped]
from numba import config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from robustbench_endo.corruptions.kernels.backend import Bytes, Indices
from robustbench_endo.corruptions.kernels.color.levels import merge_row, split_row

_LANES = 64
# A processor that was set by hand (NUMBA_CPU_NAME) may lack what the host has.
_HAS_VBMI = (
    getattr(config, "CPU_NAME", None) is None
    and getattr(config, "CPU_FEATURES", None) is None
    and bool(binding.get_host_cpu_features().get("avx512vbmi", False))
)


@intrinsic
def _look_up_vectors(context: Any, table: Any, source: Any, target: Any, count: Any) -> Any:
    """target[i] = table[source[i]] for i < 64 count."""
    return types.none(table, source, target, types.int64), _emit


def _emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    byte, vector = ir.IntType(8), ir.VectorType(ir.IntType(8), _LANES)

    def address(argument: int, offset: Any) -> Any:
        data = make_array(signature.args[argument])(context, builder, arguments[argument]).data  # type: ignore[no-untyped-call]
        element = builder.gep(builder.bitcast(data, byte.as_pointer()), [offset])
        return builder.bitcast(element, vector.as_pointer())

    # The table is loaded once: in a loop outside it would be loaded again after every store.
    quarters = [builder.load(address(0, ir.Constant(ir.IntType(64), _LANES * k)), align=1) for k in range(4)]
    shuffle = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
        builder.module, ir.FunctionType(vector, [vector] * 3), "llvm.x86.avx512.vpermi2var.qi.512"
    )
    with cgutils.for_range(builder, arguments[3]) as loop:
        offset = builder.mul(loop.index, ir.Constant(ir.IntType(64), _LANES))
        index = builder.load(address(1, offset), align=1)
        low = builder.call(shuffle, [quarters[0], index, quarters[1]])
        high = builder.call(shuffle, [quarters[2], index, quarters[3]])
        upper_half = builder.icmp_signed("<", index, ir.Constant(vector, [0] * _LANES))
        builder.store(builder.select(upper_half, high, low), address(2, offset), align=1)
    return context.get_dummy_value()


@njit(cache=True, nogil=True)
def look_up_scalar(table: Bytes, source: Bytes, target: Bytes) -> None:
    """target[i] = table[source[i]] on any processor."""
    for i in range(len(source)):
        target[i] = table[source[i]]


@njit(cache=True, nogil=True)
def _look_up_vector(table: Bytes, source: Bytes, target: Bytes) -> None:
    end = len(source) // _LANES * _LANES
    for i in range(end, len(source)):
        target[i] = table[source[i]]
    _look_up_vectors(table, source, target, np.int64(end // _LANES))  # type: ignore[call-arg]


look_up_row = _look_up_vector if _HAS_VBMI else look_up_scalar
"""``look_up_row(table, source, target)``: target[i] = table[source[i]] for contiguous uint8 arrays."""


@njit(cache=True, nogil=True)
def look_up_image(frame: Bytes, tables: Bytes, out: Bytes) -> None:
    """Look up each channel of contiguous (H, W, 3) in its table of (3, 256), or all in that of (1, 256)."""
    if len(tables) == 1:
        look_up_row(tables[0], frame.reshape(-1), out.reshape(-1))
        return
    row, result = np.empty((2, 3, frame.shape[1]), np.uint8)
    for y in range(frame.shape[0]):
        split_row(frame[y].reshape(-1), row)
        for c in range(3):
            look_up_row(tables[c], row[c], result[c])
        merge_row(result, out[y].reshape(-1))


@njit(cache=True, nogil=True)
def sums_of_16_bits(frame: Bytes, low: Bytes, high: Bytes) -> Indices:
    """The sum over each channel of contiguous (H, W, 3) of ``256 high[level] + low[level]``."""
    width = 3 * frame.shape[1]
    lower, upper = np.empty(width, np.uint8), np.empty(width, np.uint8)
    # 257 bytes fit a sum of 16 bits, of which twice as many are added at once as of 32.
    lower_sums, upper_sums, totals = np.zeros(width, np.uint16), np.zeros(width, np.uint16), np.zeros(3, np.int64)
    for y in range(frame.shape[0]):
        source = frame[y].reshape(-1)
        look_up_row(low, source, lower)
        look_up_row(high, source, upper)
        for i in range(width):
            lower_sums[i] += np.uint16(lower[i])
        for i in range(width):
            upper_sums[i] += np.uint16(upper[i])
        if y % 257 == 256 or y == frame.shape[0] - 1:
            for i in range(width):
                totals[i % 3] += 256 * np.int64(upper_sums[i]) + np.int64(lower_sums[i])
            lower_sums[:], upper_sums[:] = 0, 0
    return totals
