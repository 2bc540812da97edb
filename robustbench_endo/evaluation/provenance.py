"""What a run was made of: versions, commit, machine, weights."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from robustbench_endo.evaluation.config import Request
from robustbench_endo.evaluation.recorded import SEVERITY
from robustbench_endo.results.schema import RECORDED

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
    """The dataset's own fingerprint of the frames; else SHA-256 over their ids and subjects."""
    own = getattr(dataset, "fingerprint", None)
    if callable(own):
        return str(own(indices))
    listed = "\0".join(f"{dataset.ids[i]}\1{dataset.subjects[i]}" for i in indices)
    return hashlib.sha256(listed.encode()).hexdigest()


def describe(request: Request, indices: Sequence[int]) -> dict[str, Any]:
    """The content of run.json; ``identity`` is what must not change when a run is resumed."""
    data, suite = request.dataset, request.suite
    fingerprint = data_fingerprint(data, indices)
    models = [
        {
            "name": name,
            "spec": getattr(model, "spec", name),
            "weights_sha256": weights_hash(model),
            "parameters": parameter_count(model),
            "trained_on": list(getattr(model, "trained_on", ())),
        }
        for name, model in request.models.items()
    ]
    described = {entry["name"]: entry for entry in suite.describe()}
    return {
        "name": request.out.name,
        "created": now(),
        "finished": None,
        "protocol": request.protocol,
        "seed": request.seed,
        "suite": {
            "name": suite.name,
            "hash": suite.fingerprint,
            "resolution": suite.resolution,
            "reference_size": suite.reference_size,
        },
        "data": {
            "name": data.name,
            "root": str(getattr(data, "root", "")),
            "split": getattr(data, "split", None),
            "frames": len(indices),
            "fingerprint": fingerprint,
            "classes": list(data.classes),
            "activities": list(data.activities),
            "subjects": len({data.subjects[i] for i in indices}),
            "notes": list(getattr(data, "notes", ())),
        },
        "models": models,
        "corruptions": [described[name] for name in request.corruptions],
        "severities": sorted(set(request.severities)),
        "precision": request.precision,
        "recorded_conditions": [
            {"name": name, "category": RECORDED, "severity": SEVERITY} for name in request.recorded
        ],
        "metrics": [metric.name for metric in request.metrics],
        "failures": [],
        "notes": list(request.notes),
        "identity": {
            "protocol": request.protocol,
            "suite": suite.fingerprint,
            "resolution": suite.resolution,
            "corruptions": list(request.corruptions),
            "severities": sorted(set(request.severities)),
            "seed": request.seed,
            "data": fingerprint,
            "classes": list(data.classes),
            "models": {entry["name"]: entry["weights_sha256"] for entry in models},
            "metrics": [metric.name for metric in request.metrics],
            "device": request.device.type,
            # Only where there are some: a run begun before they were known can be resumed.
            **({"recorded_conditions": list(request.recorded)} if request.recorded else {}),
            **({"precision": request.precision} if request.precision != "fp32" else {}),
            **({"compile": True} if request.compile else {}),
        },
        **environment(request.device),
    }


def now() -> str:
    """The time of day, UTC, ISO 8601."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
