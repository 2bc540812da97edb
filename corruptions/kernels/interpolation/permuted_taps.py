"""Interpolation along a row that does not shrink it: taps are permuted within registers instead of looked up.

The first taps of n neighbouring outputs then lie within n neighbouring inputs, so one load and one permutation replace
n look-ups. The sums are those of :func:`.fast_resample.add_range`, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from llvmlite import binding, ir  # type: ignore[import-untyped]
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from robustbench_endo.corruptions.kernels.backend import Floats, Indices32
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.interpolation.fast_resample import add_range

PADDING = 16
"""Number of further elements that a row must have behind its pixels, whatever their values."""

AddPermuted = Callable[[Floats, Indices32, Indices32, Floats, Floats], None]
"""Function of row, starts, :func:`relative_starts`, weights (2, n) and target: adds to each target the value there."""


def relative_starts(starts: Indices32, lanes: int) -> Indices32:
    """``starts`` (..., n) minus the start of the first output of each group of ``lanes``."""
    groups = np.arange(starts.shape[-1]) // lanes * lanes
    return np.ascontiguousarray(starts - starts[..., groups], np.int32)


@intrinsic
def _add_8(context: Any, line: Any, base: Any, relative: Any, w0: Any, w1: Any, target: Any, first: Any) -> Any:
    """target[first + i] += w0[...] * line[base + relative[...]] + w1[...] * line[base + 1 + relative[...]], i < 8."""
    signature = types.none(line, types.int64, relative, w0, w1, target, types.int64)
    return signature, lambda *call: _emit(8, "llvm.x86.avx2.permps", *call)


@intrinsic
def _add_16(context: Any, line: Any, base: Any, relative: Any, w0: Any, w1: Any, target: Any, first: Any) -> Any:
    """:func:`_add_8` of 16."""
    signature = types.none(line, types.int64, relative, w0, w1, target, types.int64)
    return signature, lambda *call: _emit(16, "llvm.x86.avx512.permvar.sf.512", *call)


def _emit(lanes: int, permutation: str, context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    number, integer = ir.FloatType(), ir.IntType(32)
    numbers, integers = ir.VectorType(number, lanes), ir.VectorType(integer, lanes)

    def address(argument: int, offset: Any, element: Any, vector: Any) -> Any:
        data = make_array(signature.args[argument])(context, builder, arguments[argument]).data  # type: ignore[no-untyped-call]
        return builder.bitcast(builder.gep(builder.bitcast(data, element.as_pointer()), [offset]), vector.as_pointer())

    def load(argument: int, offset: Any) -> Any:
        return builder.load(address(argument, offset, number, numbers), align=4)

    base, first = arguments[1], arguments[6]
    index = builder.load(address(2, first, integer, integers), align=4)
    permute = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
        builder.module, ir.FunctionType(numbers, [numbers, integers]), permutation
    )
    left = builder.call(permute, [load(0, base), index])
    right = builder.call(permute, [load(0, builder.add(base, ir.Constant(ir.IntType(64), 1))), index])
    added = builder.fadd(builder.fmul(load(3, first), left), builder.fmul(load(4, first), right))
    builder.store(builder.fadd(load(5, first), added), address(5, first, number, numbers), align=4)
    return context.get_dummy_value()


@njit(cache=True, nogil=True)
def _add_single(line: Floats, start: Indices32, relative: Indices32, weights: Floats, target: Floats) -> None:
    add_range(line, start, weights, 0, len(target), target)


# Two functions and not one for any number of lanes: numba does not cache a function that another one makes.


@njit(cache=True, nogil=True)
def _add_by_8(line: Floats, start: Indices32, relative: Indices32, weights: Floats, target: Floats) -> None:
    end = len(target) // 8 * 8
    for x in range(0, end, 8):
        _add_8(line, np.int64(start[x]), relative, weights[0], weights[1], target, np.int64(x))  # type: ignore[call-arg]
    add_range(line, start, weights, end, len(target), target)


@njit(cache=True, nogil=True)
def _add_by_16(line: Floats, start: Indices32, relative: Indices32, weights: Floats, target: Floats) -> None:
    end = len(target) // 16 * 16
    for x in range(0, end, 16):
        _add_16(line, np.int64(start[x]), relative, weights[0], weights[1], target, np.int64(x))  # type: ignore[call-arg]
    add_range(line, start, weights, end, len(target), target)


def supported() -> Mapping[int, AddPermuted]:
    """The functions that this processor can run, by their number of lanes, the most lanes first."""
    # A processor that was set by hand (NUMBA_CPU_NAME) may lack what the host has.
    by_hand = getattr(config, "CPU_NAME", None) is not None or getattr(config, "CPU_FEATURES", None) is not None
    features = {} if by_hand else binding.get_host_cpu_features()
    variants = (("avx512f", 16, _add_by_16), ("avx2", 8, _add_by_8))
    return {lanes: add for feature, lanes, add in variants if features.get(feature, False)} | {1: _add_single}


LANES, add_permuted = next(iter(supported().items()))
