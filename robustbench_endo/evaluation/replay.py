"""Verification of a run by its data: frames are corrupted, and predicted, again and compared with the records."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from robustbench_endo.config import from_values
from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.adaptation.episode import Episode
from robustbench_endo.evaluation.calibrations import stored_calibrations
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.evaluation.corrupt_batch import corrupt_batch
from robustbench_endo.evaluation.data_fingerprint import fingerprint_data
from robustbench_endo.evaluation.device import deterministic, device_errors
from robustbench_endo.evaluation.loop import evaluate_condition
from robustbench_endo.evaluation.methods import ModelsByName
from robustbench_endo.evaluation.plan import EvaluationPlan, build_plan, select_indices
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.provenance import describe_code, versions
from robustbench_endo.evaluation.records import Records
from robustbench_endo.evaluation.reevaluate import batches_for
from robustbench_endo.evaluation.target_distortion import stored_severities
from robustbench_endo.evaluation.workers import Workers
from robustbench_endo.io_utils import weights_sha256
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import IMAGE_CHECKSUM, KEYS, image_checksum
from robustbench_endo.results.severity import as_severity
from robustbench_endo.results.verify import Check
from robustbench_endo.types import Dataset


class Position(NamedTuple):
    """A frame at a condition."""

    image_id: str
    condition: Condition

    def __str__(self) -> str:
        return f"{self.image_id} under {self.condition}"


def replay(
    results: Results,
    dataset: Dataset,
    frames: int,
    models: ModelsByName | None = None,
    seed: int | None = None,
) -> list[Check]:
    """Compute random corrupted frames of a run again, and compare them with the checksums in its records.

    Args:
        results: a finished run.
        dataset: the data of the run.
        frames: number of frames x conditions to compute, drawn at random.
        models: name -> network: the predictions of these are computed and compared, too.
        seed: of the draw; None for another one each time.

    Raises:
        RunError: a number below 1, models that the run does not have, or settings that cannot be read.

    >>> import tempfile, robustbench_endo as rb
    >>> model = rb.load_model("tiny-resnet/mmoe", weights="pretrained")
    >>> data = rb.load_dataset("synthetic", frames=1, size=(64, 64))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = rb.evaluate({"resnet": model}, data, "smoke", (3,), folder)
    ...     [check.passed for check in replay(results, data, 2, {"resnet": model})]
    [True, True, True, True, True]
    """
    if frames < 1:
        raise RunError(f"Expected at least 1 frame to compute again, got {frames}: give --replay 20.")
    with tempfile.TemporaryDirectory() as folder:
        plan = plan_of_run(results, dataset, models, Path(folder))
        inputs = [same_data(results, plan), _same_suite(results, plan)]
        if models:
            inputs.append(_same_models(results, plan))
        if not all(check.passed for check in inputs):
            return inputs
        positions = _draw(results, frames, seed)
        return [*inputs, *_compare(results, plan, positions, scored=bool(models))]


def plan_of_run(results: Results, dataset: Dataset, models: ModelsByName | None, folder: Path) -> EvaluationPlan:
    """The plan of the run, with its data here and no files but those in a temporary folder."""
    known = {name: value for name, value in results.info.get("config", {}).items() if value is not None}
    config = from_values(EvaluationConfig, known, f"the run {results.path}")
    kind = str(results.info.get("identity", {}).get("device", "cpu"))
    config = replace(
        config,
        out=folder,
        device=kind if kind == "cpu" or torch.cuda.is_available() else "cpu",
        batch_size=None if config.adapt is None else config.batch_size,
        workers=1,
        engine="local",
        address=None,
        shard=None,
        gallery_frames=0,
        keep_frames=0,
        save_predictions="none",
    )
    calibrations = {name: each for name, each in stored_calibrations(results.info).items() if name in (models or ())}
    built = build_plan(config, models or {"none": _no_model}, dataset, calibrations=calibrations)
    plan = stored_severities(built, results.info)
    if unknown := [name for name in plan.models if models and name not in results.models]:
        raise RunError(
            f"Expected models of the run ({', '.join(results.models)}), got {unknown[0]}: name it as --model "
            f"{results.models[0]}=SPEC."
        )
    return plan


def _no_model(images: Tensor) -> dict[str, Tensor]:
    """A plan has a model."""
    return {}


def same_data(results: Results, plan: EvaluationPlan) -> Check:
    name = "the data are those of the run"
    expected = results.info["data"]
    indices = select_indices(len(plan.dataset), plan.config.limit)
    if fingerprint_data(plan.dataset, indices).total == expected.get("fingerprint"):
        return Check(name, "")
    return Check(
        name,
        f"{plan.dataset.name} has {len(indices)} frames with other content, names or subjects than the "
        f"{expected.get('frames')} of the run: give the data of the run with --data.",
    )


def _same_suite(results: Results, plan: EvaluationPlan) -> Check:
    expected = results.info["suite"]
    same = plan.suite.fingerprint == expected["hash"]
    problem = f"the suite {plan.suite.name} has other parameters now than when the run used it."
    return Check("the corruptions are those of the run", "" if same else problem)


def _same_models(results: Results, plan: EvaluationPlan) -> Check:
    stored = {entry["name"]: entry for entry in results.info["models"]}
    code = results.info.get("identity", {}).get("code", {})
    here = describe_code(plan)
    for name, model in plan.models.items():
        if weights_sha256(model) != stored[name].get("weights_sha256"):
            return Check(_MODELS, f"{name} has other weights than the model of the run.")
        if here.get(f"model {name}", {}) != code.get(f"model {name}", {}):
            return Check(_MODELS, f"the code of {name} is not that of the run.")
    return Check(_MODELS, "")


_MODELS = "the models are those of the run"


def _draw(results: Results, frames: int, seed: int | None) -> list[Position]:
    """Frames at conditions, drawn without repetition."""
    keys = results.frame[["image_id", "corruption", "severity", "replicate"]].drop_duplicates()
    sampled = keys.sample(min(frames, len(keys)), random_state=np.random.default_rng(seed))
    return [
        Position(str(image_id), Condition(str(corruption), as_severity(severity), int(draw)))
        for image_id, corruption, severity, draw in sampled.sort_values("image_id").itertuples(index=False)
    ]


def _compare(results: Results, plan: EvaluationPlan, positions: list[Position], *, scored: bool) -> list[Check]:
    index = {image_id: i for i, image_id in enumerate(plan.dataset.ids)}
    images: list[str] = []
    predictions: list[str] = []
    records = results.frame.set_index(list(KEYS)[:-1]).sort_index()
    with device_errors(plan.device), deterministic(), Workers(plan.models, plan.device, 1) as workers:
        for position in positions:
            batches = batches_for(plan, index[position.image_id])
            batch = batches[-1].select([batches[-1].ids.index(position.image_id)])
            if position.condition.corruption in batch.recorded:
                batch = batch.with_recorded(position.condition.corruption)
            pixels = corrupt_batch(plan, batch, position.condition).images
            checksum = image_checksum((pixels[0] * 255).round().byte().cpu().numpy())
            stored = records.xs((*position.condition, position.image_id), level=[1, 2, 3, 4])
            if not (stored[IMAGE_CHECKSUM] == checksum).all():
                images.append(str(position))
            elif scored:
                again, episode = Records(), Episode(plan.adaptation)
                for part in batches:
                    again.extend(evaluate_condition(plan, workers, Profiler(), episode, part, position.condition))
                predictions += _different(plan, again, stored, position)
    checks = [Check(f"{len(positions)} corrupted images are those of the run", _problem(images, results))]
    if scored:
        checks.append(Check("their predictions give the recorded values", _problem(predictions, results)))
    return checks


def _different(plan: EvaluationPlan, again: Records, stored: pd.DataFrame, position: Position) -> list[str]:
    """Models whose record differs: counts and labels exactly, other values in the last digits."""
    table = again.to_table(plan.schema).to_pandas()
    table = table[table["image_id"] == position.image_id].set_index("model")
    columns = [name for name in table if name not in KEYS and name in stored]
    different = []
    for model, row in table[columns].iterrows():
        values, before = row.to_numpy(np.float64), stored.loc[model, columns].to_numpy(np.float64)
        if not np.allclose(values, before, rtol=1e-4, atol=1e-5, equal_nan=True):
            name = columns[int(np.argmax(~np.isclose(values, before, rtol=1e-4, atol=1e-5, equal_nan=True)))]
            different.append(f"{name} of {model} for {position}")
    return different


def _problem(different: list[str], results: Results) -> str:
    if not different:
        return ""
    more = f" and {len(different) - 1} more" if len(different) > 1 else ""
    return f"{different[0]}{more} are not those of the run{_environment(results.info)}."


def _environment(info: Mapping[str, Any]) -> str:
    """Other versions than those of the run, which may explain a difference."""
    stored = info.get("versions", {})
    here = versions()
    changed = [f"{name} {stored[name]} then, {now} now" for name, now in here.items() if stored.get(name, now) != now]
    return f" ({'; '.join(changed)})" if changed else ""
