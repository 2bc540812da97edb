"""Limitations of a run: sentences that follow from its description and its records, none that holds of every run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from robustbench_endo.reports.data.rows import trained_on
from robustbench_endo.reports.formatting import counted, joined, title
from robustbench_endo.results.failures import invalid_predictions

if TYPE_CHECKING:
    from robustbench_endo.results import Results


def limitations(results: Results, warning: str) -> list[str]:
    """What limits the conclusions from a run.

    Args:
        results: the run.
        warning: of its intervals; empty without a reason.
    """
    return [*_of_data(results, warning), *_of_models(results), *_of_conditions(results)]


def _of_data(results: Results, warning: str) -> Iterator[str]:
    data, config = results.info.get("data", {}), results.info.get("config", {})
    if data.get("synthetic"):
        yield "The frames are computer-generated: no number is about images of patients."
    if warning:
        yield warning
    if data.get("subject_source") == "independent frames":
        yield "Every frame counts as its own subject: the intervals ignore that frames of a patient are alike."
    subjects = results.frame["subject_id"].nunique()
    if subjects > 1:
        yield (
            f"One data set ({data.get('name', 'data')}): the intervals are for other patients of the same kind, not "
            "for other hospitals, cameras or procedures."
        )
    if config.get("limit"):
        yield f"The evaluation was limited to {counted(config['limit'], 'frame')} (--limit); the split may have more."
    if failed := results.info.get("failures"):
        yield f"{counted(len({str(entry.get('id')) for entry in failed}), 'frame')} could not be read and are excluded."


def _of_models(results: Results) -> Iterator[str]:
    single = [name for name, models in results.methods.items() if len(models) == 1]
    if len(single) == len(results.methods):
        yield (
            "One training seed of "
            + ("the model" if len(single) == 1 else "each model")
            + ": another training with the same recipe may score differently, and no interval contains that."
        )
    elif single:
        yield f"Only one training seed of {joined(single)}: how much others would differ is not in the intervals."
    for model, names in trained_on(results).items():
        if names:
            corruptions = joined([title(name).lower() for name in sorted(names)])
            yield f"{model} was trained on {corruptions}: its scores there do not measure robustness."
    if adaptation := results.info.get("adaptation"):
        yield (
            f"Models were adapted at test time ({adaptation['method']}): scores depend on the order and the size of "
            "the batches."
        )
    invalid = invalid_predictions(results.frame, results.tasks)
    if count := int(invalid.sum()):
        models = joined(sorted(results.frame.loc[invalid, "model"].unique()))
        yield f"{counted(count, 'prediction')} of {models} were NaN or infinite and enter no score."


def _of_conditions(results: Results) -> Iterator[str]:
    info = results.info
    if not results.corruptions:
        yield "No corruption was evaluated: the run says nothing about robustness."
    else:
        yield "The corruptions are simulated: how closely they match recorded ones was not measured in this run."
        stochastic = any(entry.get("stochastic") for entry in info["corruptions"])
        if stochastic and info.get("replicates", 1) == 1:
            yield "One random draw of each corruption per frame: the variation between draws was not measured."
    device = str(info.get("device", "")).partition(":")[0]
    if precision := info.get("precision"):
        yield (
            f"Computed in {precision} on one device ({device.upper() or 'not recorded'}): deployment with another "
            "precision, device or exported file was not tested."
        )
