"""Runs the checks of all files `interpreted_triton.py` in Triton's interpreter, and prints what they functions as JSON.

    TRITON_INTERPRET=1 CUDA_VISIBLE_DEVICES= python tests/triton_kernels/run_interpreter.py

The interpreter needs no GPU, and must be selected before Triton is imported. The result has the fields ``failures``,
a traceback or an empty text by the name of a check, and ``launches``, one row for each kernel and types of arguments:
``module``, ``kernel``, ``types`` by argument (as Triton writes them; ``constexpr`` for constants), ``constants`` and
``options``. ``called`` are the kernels that other kernels call.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import sys
import traceback
from pathlib import Path
from typing import Any
from unittest import mock

import torch
import triton.language as tl
from torch import Tensor
from triton.runtime import interpreter

TESTS = Path(__file__).parents[1]
OPTIONS = ("num_warps", "num_stages", "enable_fp_fusion")
TYPES = {
    torch.float64: "fp64",
    torch.float32: "fp32",
    torch.float16: "fp16",
    torch.bfloat16: "bf16",
    torch.int64: "i64",
    torch.int32: "i32",
    torch.int16: "i16",
    torch.int8: "i8",
    torch.uint8: "u8",
    torch.bool: "i1",
}


def index_from_one_value(patch: Any) -> Any:
    """The interpreter's patch of Triton's tensors, of which those of one value then count as integers.

    Triton 3.6 converts the array of one value to an integer, as for ``range(n)`` of an argument n. numpy 2.4 rejects
    arrays with an axis there.
    """

    def patched(tensor: Any, *scope: Any) -> None:
        patch(tensor, *scope)
        tensor.__index__ = lambda self: self.handle.data.item()

    return patched


def type_of(value: Any) -> str:
    """Triton's name for the type of an argument that is not constant."""
    if value is None:
        return "constexpr"
    if isinstance(value, Tensor):
        return f"*{TYPES[value.dtype]}"
    if isinstance(value, bool):
        return "i1"
    if isinstance(value, int):
        return "i32" if -(2**31) <= value < 2**31 else "i64"
    return "fp32"


class Launches:
    """Records the kernels that the interpreter runs.

    Attributes:
        rows: see the module; no row occurs twice.
        called: kernels called by others.
    """

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.called: set[str] = set()

    def record(self, kernel: Any, args: Any, kwargs: Any) -> None:
        """Record a launch."""
        options = {name: kwargs[name] for name in OPTIONS if name in kwargs}
        parameters = inspect.signature(kernel.fn).parameters
        values = inspect.signature(kernel.fn).bind(*args, **{k: v for k, v in kwargs.items() if k in parameters})
        values.apply_defaults()
        constant = {
            name: value
            for name, value in values.arguments.items()
            if value is None or str(parameters[name].annotation) in ("tl.constexpr", str(tl.constexpr))
        }
        row = {
            "module": kernel.fn.__module__,
            "kernel": kernel.fn.__name__,
            "types": {k: "constexpr" if k in constant else type_of(v) for k, v in values.arguments.items()},
            "constants": {k: str(v) if isinstance(v, tl.dtype) else v for k, v in constant.items()},
            "options": options,
        }
        self.rows[json.dumps(row)] = row

    def patches(self) -> list[Any]:
        """Patches of the interpreter that call :meth:`record`."""
        function = interpreter.InterpretedFunction
        run, call = function.run, function.__call__

        def recorded_run(kernel: Any, *args: Any, grid: Any, warmup: bool, **kwargs: Any) -> Any:
            self.record(kernel, args, kwargs)
            return run(kernel, *args, grid=grid, warmup=warmup, **kwargs)

        def recorded_call(kernel: Any, *args: Any, **kwargs: Any) -> Any:
            self.called.add(f"{kernel.fn.__module__}:{kernel.fn.__name__}")
            return call(kernel, *args, **kwargs)

        return [
            mock.patch.object(function, "run", recorded_run),
            mock.patch.object(function, "__call__", recorded_call),
            mock.patch.object(interpreter, "_patch_lang_tensor", index_from_one_value(interpreter._patch_lang_tensor)),
        ]


def checks() -> dict[str, Any]:
    """The functions ``check_*`` of all files by name."""
    functions: dict[str, Any] = {}
    for number, path in enumerate(sorted(TESTS.rglob("interpreted_triton.py"))):
        spec = importlib.util.spec_from_file_location(f"interpreted_triton_{number}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        new = {name: item for name, item in vars(module).items() if name.startswith("check_")}
        assert not new.keys() & functions.keys(), new.keys() & functions.keys()
        functions |= new
    return functions


def main() -> None:
    """Run every check."""
    launches, failures = Launches(), {}
    patches = launches.patches()
    for patch in patches:
        patch.start()
    for name, check in checks().items():
        try:
            check()
        except Exception:  # noqa: BLE001 - reported to the test
            failures[name] = traceback.format_exc()
        else:
            failures[name] = ""
    json.dump(
        {"failures": failures, "launches": list(launches.rows.values()), "called": sorted(launches.called)}, sys.stdout
    )


if __name__ == "__main__":
    main()
