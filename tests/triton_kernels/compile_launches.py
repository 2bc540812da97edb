"""Compiles launches of Triton kernels for GPUs that need not exist, and prints the failures as JSON.

    python tests/triton_kernels/compile_launches.py LAUNCHES.json 90

LAUNCHES.json is the output of run_interpreter.py; 90 is a compute capability, that of an H100.
"""

from __future__ import annotations

import json
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource


def compiled(launch: dict[str, Any], capability: int) -> int:
    """The bytes of the machine code of a launch."""
    kernel = getattr(import_module(launch["module"]), launch["kernel"])
    source = ASTSource(kernel, launch["types"], launch["constants"])
    target = GPUTarget("cuda", capability, 32)
    code = triton.compile(source, target=target, options=launch["options"]).asm
    assert f".target sm_{capability}" in code["ptx"]
    return len(code["cubin"])


def main() -> None:
    """Compile every launch."""
    launches = json.loads(Path(sys.argv[1]).read_text("utf-8"))["launches"]
    failures = {}
    for launch in launches:
        name = f"{launch['module']}:{launch['kernel']} {launch['types']} {launch['constants']}"
        try:
            failures[name] = "" if compiled(launch, int(sys.argv[2])) > 0 else "no machine code"
        except Exception:  # noqa: BLE001 - reported to the test
            failures[name] = traceback.format_exc()
    json.dump(failures, sys.stdout)


if __name__ == "__main__":
    main()
