"""The content of run.json: everything that made the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from robustbench_endo.evaluation.provenance import data_fingerprint, environment, parameter_count, weights_hash
from robustbench_endo.evaluation.real import SEVERITY
from robustbench_endo.evaluation.request import Request
from robustbench_endo.results.schema import REAL


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
            "reference": suite.reference,
        },
        "data": {
            "name": data.name,
            "root": str(getattr(data, "root", "")),
            "split": getattr(data, "split", None),
            "frames": len(indices),
            "fingerprint": fingerprint,
            "classes": list(data.classes),
            "activities": list(data.activities),
            "groups": len({data.groups[i] for i in indices}),
            "notes": list(getattr(data, "notes", ())),
        },
        "models": models,
        "corruptions": [described[name] for name in request.corruptions],
        "severities": sorted(set(request.severities)),
        "precision": request.precision,
        "real_conditions": [{"name": name, "group": REAL, "severity": SEVERITY} for name in request.real],
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
            **({"real_conditions": list(request.real)} if request.real else {}),
            **({"precision": request.precision} if request.precision != "fp32" else {}),
            **({"compile": True} if request.compile else {}),
        },
        **environment(request.device),
    }


def now() -> str:
    """The time of day, UTC, ISO 8601."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
