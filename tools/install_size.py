"""Measure what an installation takes on the disk, in clean virtual environments, from a built wheel.

``python tools/install_size.py --cpu="--index-url https://..."`` after ``make dist``: ``--cpu`` has the options of
``uv pip install`` that reach a build of torch without CUDA; without it only the default build is measured. Writes
benchmarks/results/install_size.json, from which the documentation has its numbers.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "install_size.json"
EXTRAS = ("", "report", "all")
LARGEST = 8
LIMIT_MB = 1500
"""Of a core installation with a CPU-only torch, without bytecode."""


def folder_bytes(folder: Path) -> int:
    """Size of all files below a folder; links count nothing."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def package_bytes(site: Path) -> dict[str, int]:
    """Distribution -> size of its files, the largest first."""
    sizes = {}
    for distribution in distributions(path=[str(site)]):
        files = [Path(str(file.locate())) for file in distribution.files or ()]
        sizes[distribution.name] = sum(file.stat().st_size for file in files if file.is_file())
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def measure(wheel: Path, extras: str, options: Sequence[str], uv: str) -> dict[str, Any]:
    """Install a wheel into a new environment and measure it.

    Args:
        wheel: to install.
        extras: of the wheel, separated by commas; empty for the core.
        options: of ``uv pip install``; empty for the default build of torch.
        uv: path of the program.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder, "environment")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(environment)], check=True)
        python = environment / "bin" / "python"
        requirement = f"{wheel}[{extras}]" if extras else str(wheel)
        command = [uv, "pip", "install", "--quiet", "--python", str(python), *options, requirement]
        subprocess.run(command, check=True)
        (site,) = environment.glob("lib/python*/site-packages")
        sizes, total = package_bytes(site), folder_bytes(environment)
        torch = next(item.version for item in distributions(path=[str(site)], name="torch"))
        cuda = any(name.startswith("nvidia-") for name in sizes)
        if not cuda:
            subprocess.run([str(python), "-m", "compileall", "-q", str(site)], check=False, stdout=subprocess.DEVNULL)
        return {
            "extras": extras,
            "torch": torch,
            "cuda": cuda,
            "packages": len(sizes),
            "megabytes": megabytes(total),
            "megabytes_with_bytecode": None if cuda else megabytes(folder_bytes(environment)),
            "largest": {name: megabytes(size) for name, size in list(sizes.items())[:LARGEST]},
        }


def megabytes(size: int) -> int:
    """Millions of bytes.

    >>> megabytes(1_472_577_758)
    1473
    """
    return round(size / 1e6)


def table(installs: Sequence[dict[str, Any]]) -> str:
    """The measurements as a table in Markdown."""
    lines = [
        "| installed | torch | packages | on disk | with bytecode | largest packages |",
        "|---|---|---|---|---|---|",
    ]
    for item in installs:
        largest = ", ".join(f"{name} {size:,} MB" for name, size in list(item["largest"].items())[:4])
        torch = f"{item['torch'].partition('+')[0]}, {'CUDA' if item['cuda'] else 'CPU only'}"
        name = f"`[{item['extras']}]`" if item["extras"] else "core"
        compiled = item["megabytes_with_bytecode"]
        sizes = f"{_gigabytes(item['megabytes'])} | {_gigabytes(compiled) if compiled else '–'}"
        lines.append(f"| {name} | {torch} | {item['packages']} | {sizes} | {largest} |")
    return "\n".join(lines)


def _gigabytes(size: int) -> str:
    return f"{size / 1000:.2f} GB"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the result, print the table; 1 where a CPU-only core is larger than promised."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--wheel", type=Path, help="wheel to install  [default: the one in dist]")
    parser.add_argument("--cpu", default="", help="options of uv pip install that reach a CPU-only torch")
    parser.add_argument("--uv", default=str(ROOT / ".venv" / "bin" / "uv"))
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args(arguments)
    wheel = options.wheel or next((ROOT / "dist").glob("*.whl"), None)
    if wheel is None:
        print("Expected a wheel in dist, got none: run make dist first.", file=sys.stderr)
        return 2
    cpu = shlex.split(options.cpu)
    builds = [cpu, []] if cpu else [[]]
    installs = [measure(wheel.resolve(), extras, build, options.uv) for build in builds for extras in EXTRAS]
    machine = {"python": platform.python_version(), "system": platform.system(), "machine": platform.machine()}
    options.out.write_text(json.dumps({**machine, "installs": installs}, indent=1) + "\n", "utf-8")
    print(table(installs))
    too_large = [item for item in installs if not (item["cuda"] or item["extras"]) and item["megabytes"] > LIMIT_MB]
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())
