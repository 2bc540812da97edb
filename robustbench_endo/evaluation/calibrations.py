"""The calibrations of a run's models: read, matched by weights and code, and refused where they do not apply."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from robustbench_endo.confidence.calibration import Calibration
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.code_identity import code_digests
from robustbench_endo.evaluation.names import printable
from robustbench_endo.io_utils import weights_sha256
from robustbench_endo.tasks.registry import get_task

if TYPE_CHECKING:
    from robustbench_endo.evaluation.config import EvaluationConfig
    from robustbench_endo.evaluation.plan import EvaluationPlan
    from robustbench_endo.evaluation.predict import Model

Calibrations = Mapping[str, Calibration]
"""Model name -> its calibration."""


def model_identity(model: object) -> dict[str, Any]:
    """By what a calibration knows its model again: weights and user code."""
    sources, files = getattr(model, "source_objects", ()), getattr(model, "source_files", ())
    return {"weights_sha256": weights_sha256(model), "code": code_digests(model, *sources, files=files)}


def read_calibrations(config: EvaluationConfig, models: Mapping[str, Model]) -> dict[str, Calibration]:
    """The calibrations of a configuration by the models that they belong to.

    Raises:
        RobustEndoError: a file that cannot be read, one of a model that the run does not have, or two of one model.
    """
    if not config.calibration:
        return {}
    identities = {name: model_identity(model) for name, model in models.items()}
    matched: dict[str, Calibration] = {}
    for path in config.calibration:
        calibration = Calibration.load(path)
        expected = {key: calibration.model[key] for key in ("weights_sha256", "code")}
        names = [name for name, identity in identities.items() if identity == expected]
        if not names:
            raise RobustEndoError(
                f"Expected the calibration of a model of the run ({', '.join(models)}), got {path}, which is that of "
                f"{calibration.model.get('name')} with other weights or code: calibrate this model with robust-endo "
                "calibrate-confidence."
            )
        if twice := [name for name in names if name in matched]:
            raise RobustEndoError(f"Expected one calibration of {twice[0]}, got another one in {path}: leave one out.")
        matched |= dict.fromkeys(names, calibration)
    return matched


def check_calibrations(plan: EvaluationPlan) -> None:
    """Raise RobustEndoError for a calibration with other settings or labels than the run."""
    for name, calibration in plan.calibrations.items():
        here = run_settings(plan)
        for key in ("resolution", "region"):
            if calibration.settings.get(key) != here[key]:
                raise RobustEndoError(
                    f"Expected the {key} of the calibration of {name}, {calibration.settings.get(key)}, got "
                    f"{here[key]}: evaluate with --{key} {calibration.settings.get(key)}, or calibrate again."
                )
        tasks = {task.name for task in plan.tasks} & set(calibration.tasks)
        if not tasks:
            raise RobustEndoError(
                f"Expected a calibration of {name} for a task of the run ({', '.join(plan.labels)}), got one for "
                f"{', '.join(calibration.tasks)}: calibrate on data with the labels of the run."
            )
        for task in sorted(tasks):
            _check_labels(name, task, calibration.tasks[task].labels, plan.labels[task])


def _check_labels(model: str, task: str, expected: Sequence[str], labels: Sequence[str]) -> None:
    if list(expected) != list(labels):
        raise RobustEndoError(
            f"Expected the {get_task(task).label_attribute} of the calibration of {model} ({', '.join(expected)}), got "
            f"{', '.join(labels)}: calibrate on data with the labels of the run."
        )


def check_calibration_data(plan: EvaluationPlan) -> None:
    """Raise RobustEndoError where frames of the run are among those that a model was calibrated on."""
    here = set(frame_digests(plan))
    for name, calibration in plan.calibrations.items():
        data = calibration.data
        shared = len(here & set(data["frame_digests"]))
        same = data["fingerprint"] == plan.fingerprint.total
        if shared or same:
            raise RobustEndoError(
                f"Expected other frames than those that {name} was calibrated on ({data['name']}), got "
                f"{shared or len(plan.indices)} of them: on these no promise means anything; evaluate on another split."
            )


def frame_digests(plan: EvaluationPlan) -> list[str]:
    """A digest of each frame: the fingerprint of its files, or of its name for a data set without fingerprints."""
    split = getattr(plan.dataset, "split", None)
    return [
        plan.fingerprint.frames.get(index)
        or hashlib.sha256(f"{plan.dataset.name}\0{split}\0{plan.dataset.ids[index]}".encode()).hexdigest()
        for index in plan.indices
    ]


def calibration_notes(plan: EvaluationPlan) -> tuple[str, ...]:
    """What the report says about the calibrations of a run."""
    notes = []
    for name, each in plan.calibrations.items():
        scaled = ", ".join(f"{task} {entry.temperature:.3g}" for task, entry in each.tasks.items())
        independent = " The promise holds only for independent frames." if each.unit == "frame" else ""
        notes.append(
            f"The logits of {printable(name)} are divided by temperatures fitted on {printable(each.data['name'])} "
            f"({scaled}): its confidences and calibration errors are those after scaling.{independent}"
        )
        shared = _shared_subjects(plan, each)
        if shared:
            notes.append(
                f"{printable(name)} was calibrated on other frames of {shared} of these patients or sequences: its "
                "promise is for other patients, and looks better here than there."
            )
    return tuple(notes)


def describe_calibrations(calibrations: Calibrations) -> dict[str, Any]:
    """The entry of run.json: model name -> the content of its calibration and its checksum; empty without any."""
    entries = {}
    for name, calibration in calibrations.items():
        content = calibration.to_json()
        content["data"] = {key: value for key, value in content["data"].items() if key != "frame_digests"}
        entries[name] = {**content, "sha256": calibration.sha256}
    return {"calibrations": entries} if entries else {}


def calibration_identity(calibrations: Calibrations) -> dict[str, Any]:
    """The entry of a run's identity: model name -> checksum of its calibration; empty without any."""
    return {"calibrations": {name: each.sha256 for name, each in calibrations.items()}} if calibrations else {}


def stored_calibrations(info: Mapping[str, Any]) -> dict[str, Calibration]:
    """The calibrations of a run from its run.json, without the digests of frames.

    Raises:
        RobustEndoError: run.json was changed.
    """
    loaded = {}
    for name, entry in info.get("calibrations", {}).items():
        content = {key: value for key, value in entry.items() if key != "sha256"}
        content["data"] = {"frame_digests": [], **content.get("data", {})}
        loaded[name] = Calibration.from_json(content, "run.json")
    return loaded


def run_settings(plan: EvaluationPlan) -> dict[str, Any]:
    """The settings that a calibration and a run must share, and the precision."""
    resolution = plan.suite.resolution
    text = "x".join(map(str, resolution)) if isinstance(resolution, tuple) else str(resolution)
    return {"resolution": text, "region": plan.config.region, "precision": plan.precision}


def _shared_subjects(plan: EvaluationPlan, calibration: Calibration) -> int:
    if calibration.data["name"] != plan.dataset.name:
        return 0
    here = {str(plan.dataset.subjects[index]) for index in plan.indices}
    return len(here & set(calibration.data["subjects"]))
