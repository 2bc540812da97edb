"""What a run was made of: versions, commit, machine, weights."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

_PACKAGES = ("torch", "timm", "numpy", "numba", "scipy", "pandas", "pyarrow", "pillow")


def versions() -> dict[str, str]:
    """Installed versions of this package and of what computes its numbers."""
    return {name: _version(name) for name in ("robustbench-endo", *_PACKAGES)}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed as a package"


def environment(device: torch.device) -> dict[str, Any]:
    """Interpreter, platform, device and threads."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": f"{device.type}: {name}",
        "threads": torch.get_num_threads(),
        "versions": versions(),
        "commit": commit(),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }


def commit() -> str | None:
    """The commit of this package's checkout, with ``+`` when files were changed; None outside a checkout."""
    folder = Path(__file__).parent
    head = _git(folder, "rev-parse", "HEAD")
    if head is None:
        return None
    return head + ("+" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def weights_hash(model: object) -> str:
    """SHA-256 over the names and bytes of a module's parameters and buffers; of its type's name for anything else."""
    digest = hashlib.sha256()
    if not isinstance(model, torch.nn.Module):
        digest.update(f"{type(model).__module__}.{type(model).__qualname__}".encode())
        return digest.hexdigest()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name}\0{tuple(tensor.shape)}\0{tensor.dtype}\0".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def parameter_count(model: object) -> int:
    """Number of parameters; 0 for what is no module."""
    return sum(p.numel() for p in model.parameters()) if isinstance(model, torch.nn.Module) else 0


def data_fingerprint(dataset: Any, indices: Sequence[int]) -> str:
    """The dataset's own fingerprint of the frames; else SHA-256 over their ids and groups."""
    own = getattr(dataset, "fingerprint", None)
    if callable(own):
        return str(own(indices))
    listed = "\0".join(f"{dataset.ids[i]}\1{dataset.groups[i]}" for i in indices)
    return hashlib.sha256(listed.encode()).hexdigest()
