"""Everything that has a target on a GPU, in one command of at most 9 minutes on an H100; nothing is downloaded.

    python benchmarks/gpu_all.py --out DIR [--parts corruptions,kernels]

Each part is a process with a time limit, so that neither an error nor a hang costs the others. After each, the numbers
so far are written to DIR/gpu_measured.json, and as a page to DIR/gpu_measured.md. The exit code is 1 where a target is
missed or a part failed. To publish the numbers, copy the JSON file to benchmarks/results and run
``python docs/speed_page.py``. ``--device cpu --quick`` checks this code without a GPU, with numbers that mean nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from checkout import ROOT
from gpu_targets import rows

SECONDS = 530
"""Of all parts together; what remains is the limit of the later ones."""
NAME = "gpu_measured"


class Measurement(NamedTuple):
    """A part of the measurement.

    Attributes:
        name: in the result.
        function: ``module:function`` with a setting and a function that stores a result.
        seconds: at most; a part that is stopped leaves what it has stored.
    """

    name: str
    function: str
    seconds: int


PARTS = (
    Measurement("device", "measured_device:measure", 60),
    Measurement("corruptions", "measured_corruptions:measure", 90),
    Measurement("metrics", "measured_metrics:measure", 60),
    Measurement("evaluation", "measured_evaluation:measure", 150),
    Measurement("training", "measured_evaluation:training", 45),
    Measurement("inference", "measured_evaluation:inference", 45),
    Measurement("tests", "measured_tests:measure", 150),
    Measurement("agreement", "measured_corruptions:agreement", 90),
    Measurement("kernels", "measured_kernels:measure", 75),
    Measurement("compiled", "measured_evaluation:compiled", 120),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all parts; the exit code."""
    options = parsed(arguments)
    if options.part:
        measure_part(options.part, options)
        return 0
    start, result = time.monotonic(), {}
    options.out.mkdir(parents=True, exist_ok=True)
    for part in (part for part in PARTS if not options.parts or part.name in options.parts.split(",")):
        print(f"{part.name} ...", end=" ", flush=True)
        result[part.name] = outcome = run_part(part, options, start)
        write(result, options.out)
        print(f"{outcome['seconds']:.0f} s", outcome.get("error", "").strip().rpartition("\n")[2], flush=True)
    table = rows(result)
    for row in table:
        print(f"{'met' if row['met'] else 'MISSED':6s}  {row['name']}: {row['value']} ({row['sign']} {row['limit']})")
    failed = [name for name, outcome in result.items() if "error" in outcome]
    print(options.out / f"{NAME}.md", f"failed parts: {', '.join(failed)}" if failed else "")
    return int(bool(failed) or not all(row["met"] for row in table))


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/gpu"), help="folder of the results")
    parser.add_argument("--parts", default="", help="only these, separated by commas")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="check the code: few and tiny inputs, all in one process")
    parser.add_argument("--part", default="", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    names = [part.name for part in PARTS]
    if unknown := {name for name in options.parts.split(",") if name} - set(names):
        parser.error(f"Expected parts among {', '.join(names)}, got {', '.join(sorted(unknown))}.")
    check_device(options.device, parser)
    return options


def check_device(name: str, parser: argparse.ArgumentParser) -> None:
    """End with one sentence where the machine has no such device."""
    from robustbench_endo.errors import RobustEndoError
    from robustbench_endo.evaluation.device import choose_device

    try:
        choose_device(name)
    except RobustEndoError as error:
        parser.error(f"{error} Nothing was measured.")


def run_part(part: Measurement, options: argparse.Namespace, start: float) -> dict[str, Any]:
    """The result of a part with its ``seconds``, and its ``error`` if it failed or was stopped."""
    file = options.out / "parts" / f"{part.name}.json"
    file.unlink(missing_ok=True)
    began, error = time.monotonic(), ""
    if options.quick:
        try:
            measure_part(part.name, options)
        except Exception:  # noqa: BLE001 - the other parts go on
            error = traceback.format_exc()
    else:
        error = _in_a_process(part, options, min(part.seconds, SECONDS - (began - start)))
    result: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return {**result, "seconds": time.monotonic() - began, **({"error": error} if error else {})}


def _in_a_process(part: Measurement, options: argparse.Namespace, seconds: float) -> str:
    """Run a part in a new process; the error, or an empty text."""
    if seconds < 1:
        return "Not started: no time was left."
    command = [sys.executable, __file__, "--out", str(options.out), "--device", options.device, "--part", part.name]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            _, messages = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return f"Stopped after {seconds:.0f} seconds."
        finally:
            with suppress(ProcessLookupError):  # the processes that it has started, too
                os.killpg(process.pid, signal.SIGKILL)
    return "" if process.returncode == 0 else (messages.strip()[-3000:] or f"Exit code {process.returncode}.")


def measure_part(name: str, options: argparse.Namespace) -> None:
    """Measure a part in this process, and store what it has after each step."""
    import torch
    from measured_setting import Setting

    from robustbench_endo.evaluation.device import choose_device

    (part,) = [part for part in PARTS if part.name == name]
    module, _, function = part.function.partition(":")
    measure: Callable[..., None] = getattr(import_module(module), function)
    file = options.out / "parts" / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    device = choose_device(options.device)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    measure(Setting(device, options.quick), lambda result: write_json(file, result))


def write_json(file: Path, result: dict[str, Any]) -> None:
    """Replace a file at once: a process that is stopped leaves the one before. JSON has no infinite numbers."""
    valid = json.loads(json.dumps(result), parse_constant=lambda _: None)
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(valid, indent=1) + "\n", "utf-8")
    temporary.replace(file)


def write(parts: dict[str, Any], out: Path) -> None:
    """The result so far, as JSON and as a page."""
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import speed_gpu
    finally:
        sys.path.pop(0)

    result = {**parts.get("device", {}), "parts": parts, "targets": rows(parts)}
    write_json(out / f"{NAME}.json", result)
    page = "\n".join(("# Measured on a GPU", "", *speed_gpu.measured(json.loads(json.dumps(result)))))
    (out / f"{NAME}.md").write_text(page + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
