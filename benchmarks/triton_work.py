"""The work of a Triton kernel, from a few of its programs, run in Triton's interpreter while lanes are counted.

The model of an H100: 132 units at 1.7 GHz, each of which issues 128 lanes of arithmetic and one load or store of a warp
in a cycle. A load takes as many cycles as its 32 lanes touch lines of 128 bytes (in sectors of 32), whatever the
layout that the compiler chooses; integers and 64-bit numbers run at half the rate, divisions and functions take many
instructions. A program cannot be faster than its operations one after the other. Kernels reach 0.6 of these rates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from numpy.typing import NDArray

UNITS, CLOCK, LANES, SHARE = 132, 1.7e9, 128, 0.6
RESIDENT_WARPS = 48
"""Of a unit at a time, with usual numbers of registers."""
OPERATION_CYCLES, LOAD_CYCLES = 4, 100
"""Until the next dependent operation can start; a load from the first or second cache, partly overlapped."""
_INSTRUCTIONS = {"divide": 8, "true_divide": 8, "floor_divide": 25, "fmod": 25, "remainder": 25, "exp": 6, "log": 6}
_INSTRUCTIONS |= {"sqrt": 8, "sin": 20, "cos": 20, "exp2": 4, "log2": 4, "rint": 2}
_DOUBLE = 5
"""Times as many instructions for a function or division of 64-bit numbers."""
_WARP = 32
_USUAL, _SIMILAR = 2, 1.1
"""Sampled programs, if their instructions differ by a smaller factor; otherwise ten."""


class KernelSeconds(NamedTuple):
    """Seconds of all programs at full speed, and of a single program."""

    throughput_s: float
    latency_s: float


@dataclass
class Counter:
    """What the sampled programs did.

    Attributes:
        lanes: instructions x lanes.
        cycles: of loads and stores.
        operations, loads: one after the other.
    """

    lanes: float = 0.0
    cycles: float = 0.0
    operations: int = 0
    loads: int = 0
    programs: int = 0

    def arithmetic(self, result: Any, operation: Any) -> None:
        """An operation and its result."""
        data: NDArray[Any] = result.data
        wide = data.dtype.itemsize == 8 and data.dtype.kind == "f"
        count = _INSTRUCTIONS.get(getattr(operation, "__name__", ""), 1)
        rate = 0.5 if wide or (data.dtype.kind in "iub" and count == 1) else 1.0
        self.lanes += data.size * count * (_DOUBLE if wide and count > 1 else 1) / rate
        self.operations += 1

    def memory(self, pointers: NDArray[np.uint64], mask: NDArray[np.bool_]) -> None:
        """A load or a store."""
        sectors = (pointers >> np.uint64(5)).astype(np.int64).reshape(-1)
        sectors = np.where(np.broadcast_to(mask, pointers.shape).reshape(-1), sectors, -1)
        short = -len(sectors) % _WARP
        warps = np.sort(np.pad(sectors, (0, short), constant_values=-1).reshape(-1, _WARP), axis=1)
        new = (np.diff(warps, axis=1, prepend=-1) != 0) & (warps >= 0)
        self.cycles += float(np.maximum(1.0, new.sum(1) / 4).sum())
        self.loads += 1


_counters: dict[str, Counter] = {}


def launched_work(kernel: Any, arguments: dict[str, Any], grid: tuple[int, ...], warps: int, key: str) -> KernelSeconds:
    """The work of a launch; programs of launches with the same key do the same."""
    if key not in _counters:
        _counters[key] = sampled(kernel, arguments, grid)
    counter = _counters[key]
    if not counter.programs:
        return KernelSeconds(0.0, 0.0)
    total = math.prod(grid)
    lanes, cycles = (value / counter.programs for value in (counter.lanes, counter.cycles))
    throughput = total * max(lanes / LANES, cycles) / (UNITS * CLOCK * SHARE)
    operations, loads = counter.operations / counter.programs, counter.loads / counter.programs
    latency = (operations * OPERATION_CYCLES + loads * LOAD_CYCLES) / CLOCK
    return KernelSeconds(max(throughput, latency * total * warps / (UNITS * RESIDENT_WARPS)), latency)


def sampled(kernel: Any, arguments: dict[str, Any], grid: tuple[int, ...]) -> Counter:
    """What two programs do; nothing where the interpreter cannot run the kernel."""
    counter = Counter()
    size = (*grid, 1, 1)[:3]
    total = math.prod(size)
    try:
        with counted(counter), interpreted(kernel, arguments, size) as program:
            lanes = []
            for number in dict.fromkeys(total * part // 24 for part in (8, 16, 1, 4, 6, 11, 13, 18, 20, 23)):
                if len(lanes) == _USUAL and max(lanes) < _SIMILAR * min(lanes):
                    break
                before = counter.lanes
                program(np.unravel_index(number, size))
                counter.programs += 1
                lanes.append(counter.lanes - before)
    except Exception:  # noqa: BLE001 (a private interface, of several versions)
        return Counter()
    return counter


@contextmanager
def interpreted(
    kernel: Any, arguments: dict[str, Any], grid: tuple[int, ...]
) -> Iterator[Callable[[tuple[Any, ...]], None]]:
    """A function that runs the program of an index, as :class:`triton.runtime.interpreter.GridExecutor` does."""
    from triton.runtime import interpreter
    from triton.runtime.jit import JITFunction

    scopes: dict[int, Any] = {}

    def rewritten(function: Any) -> Any:
        """As plain Python, with the language of its module interpreted."""
        if id(function.__globals__) not in scopes:
            scopes[id(function.__globals__)] = interpreter._patch_lang(function)
        return interpreter.InterpretedFunction(function).rewrite()

    def inner_function(self: Any, *args: Any, **kwargs: Any) -> Any:
        return rewritten(self.fn)(*args, **kwargs)

    constants = {parameter.name for parameter in kernel.params if parameter.is_constexpr}
    builder = interpreter.interpreter_builder
    with mock.patch.object(JITFunction, "__call__", inner_function):
        try:
            function = rewritten(kernel.fn)
            values = {
                name: value if name in constants else interpreter._implicit_cvt(value)
                for name, value in arguments.items()
            }
            builder.set_grid_dim(*grid)

            def program(index: tuple[Any, ...]) -> None:
                builder.set_grid_idx(*(int(i) for i in index))
                function(**values)

            yield program
        finally:
            for scope in reversed(scopes.values()):
                scope.restore()


@contextmanager
def counted(counter: Counter) -> Iterator[None]:
    """Count the operations of the interpreter."""
    from triton.runtime.interpreter import interpreter_builder as builder

    def operation(original: Any) -> Any:
        def count(*operands: Any) -> Any:
            result = original(*operands)
            counter.arithmetic(result, operands[-1])
            return result

        return count

    def memory(original: Any, position: int) -> Any:
        def count(pointers: Any, *rest: Any) -> Any:
            counter.memory(pointers.data, rest[position].data)
            return original(pointers, *rest)

        return count

    with ExitStack() as stack:
        for name in ("unary_op", "binary_op", "ternary_op"):
            stack.enter_context(mock.patch.object(builder, name, operation(getattr(builder, name))))
        for name, position in (("create_masked_load", 0), ("create_masked_store", 1)):
            stack.enter_context(mock.patch.object(builder, name, memory(getattr(builder, name), position)))
        yield
