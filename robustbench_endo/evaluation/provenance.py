"""The content of run.json: settings, models, data, versions, commit and machine."""

from __future__ import annotations

import platform
import subprocess
import sys
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from robustbench_endo.config import to_values
from robustbench_endo.corruptions.kernels.triton_support import triton_failure
from robustbench_endo.data.subjects import subject_note
from robustbench_endo.evaluation.adaptation.settings import describe_adaptation
from robustbench_endo.evaluation.calibrations import calibration_identity, describe_calibrations
from robustbench_endo.evaluation.code_identity import code_digests
from robustbench_endo.evaluation.conditions import RECORDED_SEVERITY
from robustbench_endo.evaluation.names import printable
from robustbench_endo.evaluation.target_distortion import describe_targets
from robustbench_endo.io_utils import weights_sha256
from robustbench_endo.results.schema import RECORDED, RECORDS_VERSION

if TYPE_CHECKING:
    from robustbench_endo.evaluation.plan import EvaluationPlan

_PACKAGES = ("torch", "timm", "numpy", "numba", "scipy", "pandas", "pyarrow", "pillow")


def describe_run(plan: EvaluationPlan) -> dict[str, Any]:
    """The content of run.json at the start of a run; ``identity`` is what must not change when it is resumed."""
    config, data, suite = plan.config, plan.dataset, plan.suite
    fingerprint = plan.fingerprint.total
    models = [
        {
            "name": name,
            "spec": getattr(model, "spec", name),
            **_source(model),
            "weights_sha256": weights_sha256(model),
            "parameters": parameter_count(model),
            "trained_on": list(getattr(model, "trained_on", ())),
            **(plan.seeds[name]._asdict() if name in plan.seeds else {}),
        }
        for name, model in plan.models.items()
    ]
    corruptions = {entry["name"]: entry for entry in suite.describe()}
    labels = {task: list(names) for task, names in plan.labels.items()}
    metrics = [metric.describe() for metric in plan.user_metrics]
    return {
        "name": config.out.name,
        "created": utc_now(),
        "finished": None,
        "protocol": config.protocol,
        "seed": config.seed,
        "replicates": config.replicates,
        "suite": {
            "name": suite.name,
            "version": suite.version,
            "hash": suite.fingerprint,
            "resolution": suite.resolution,
            "reference_size": suite.reference_size,
        },
        "data": {
            "name": data.name,
            "root": str(getattr(data, "root", "")),
            **_source(data),
            "synthetic": bool(getattr(data, "synthetic", False)),
            "split": getattr(data, "split", None),
            "frames": len(plan.indices),
            "fingerprint": fingerprint,
            "subjects": len({data.subjects[i] for i in plan.indices}),
            "subject_source": getattr(data, "subject_source", "layout"),
            "subject_note": subject_note(data) or "",
            "label_map": _text(getattr(data, "labels_of_values", None)),
            "notes": list(getattr(data, "notes", ())),
        },
        "tasks": labels,
        "models": models,
        "corruptions": [corruptions[name] for name in plan.corruptions],
        "severities": list(config.run_severities),
        "precision": plan.precision,
        "region": config.region,
        "recorded_conditions": [
            {"name": name, "category": RECORDED, "severity": RECORDED_SEVERITY} for name in plan.recorded
        ],
        "metrics": metrics,
        "metric_settings": plan.metric_settings,
        **describe_targets(config.target_distortion, plan.targets),
        **describe_adaptation(config),
        **describe_calibrations(plan.calibrations),
        "failures": [],
        "notes": list(plan.notes),
        "identity": {
            "records": RECORDS_VERSION,
            "protocol": config.protocol,
            "suite": suite.fingerprint,
            "resolution": suite.resolution,
            "corruptions": list(plan.corruptions),
            "severities": list(config.run_severities),
            "seed": config.seed,
            "replicates": config.replicates,
            "data": fingerprint,
            "tasks": labels,
            "models": {entry["name"]: entry["weights_sha256"] for entry in models},
            "metrics": [metric["name"] for metric in metrics],
            "metric_settings": plan.metric_settings,
            "device": plan.device.type,
            "precision": plan.precision,
            "compile": config.compile,
            "code": describe_code(plan),
            "recorded_conditions": list(plan.recorded),
            **({} if config.target_distortion is None else {"target_distortion": config.target_distortion}),
            **describe_adaptation(config),
            **calibration_identity(plan.calibrations),
        },
        "config": to_values(config),
        **environment(plan.device),
    }


def _source(item: object) -> dict[str, str]:
    """The repository and commit that a model or data come from; nothing for those of this machine."""
    source = getattr(item, "hub_source", "")
    return {"source": source} if source else {}


def versions() -> dict[str, str]:
    """Installed versions of this package and of those that compute its numbers."""
    return {name: _version(name) for name in ("robustbench-endo", *_PACKAGES)}


def environment(device: torch.device) -> dict[str, Any]:
    """Interpreter, platform, device, whether Triton works on it, threads, versions, commit and command."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": f"{device.type}: {name}",
        **_triton(device),
        "threads": torch.get_num_threads(),
        "versions": versions(),
        "commit": commit(),
        "command": printable(" ".join([Path(sys.argv[0]).name, *sys.argv[1:]])),
    }


def _triton(device: torch.device) -> dict[str, Any]:
    """Whether the Triton kernels run on a CUDA device, and why not; nothing for other devices."""
    if device.type != "cuda":
        return {}
    failure = triton_failure(device)
    return {"triton": {"available": failure is None, "reason": failure}}


def commit() -> str | None:
    """The commit of this package's checkout, with ``+`` when files were changed; None outside a checkout."""
    folder = Path(__file__).parent
    head = _git(folder, "rev-parse", "HEAD")
    if head is None:
        return None
    return head + ("+" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")


def parameter_count(model: object) -> int:
    """Number of parameters; 0 for an object that is no module."""
    return sum(p.numel() for p in model.parameters()) if isinstance(model, torch.nn.Module) else 0


def describe_code(plan: EvaluationPlan) -> dict[str, dict[str, str]]:
    """What a user's models, data, corruptions and metrics consist of -> digests by file or package."""
    parts = {
        f"model {name}": code_digests(
            model, *getattr(model, "source_objects", ()), files=getattr(model, "source_files", ())
        )
        for name, model in plan.models.items()
    }
    parts[f"data {plan.dataset.name}"] = code_digests(plan.dataset)
    parts |= {f"metric {metric.name}": code_digests(metric) for metric in plan.user_metrics}
    parts |= {f"corruption {name}": code_digests(plan.suite.get(name)) for name in plan.corruptions}
    return {part: digests for part, digests in parts.items() if digests}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def utc_now() -> str:
    """The current time, UTC, ISO 8601."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed as a package"


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # nosec B603 B607  # arguments of this file; git is where the user has it
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
