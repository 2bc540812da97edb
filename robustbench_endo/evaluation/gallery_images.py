"""Images of a run that chunks do not store: those of the largest drops, and stored images that were damaged since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.adaptation.episode import Episode
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.device import deterministic, device_errors
from robustbench_endo.evaluation.gallery import GalleryWriter
from robustbench_endo.evaluation.loop import evaluate_condition
from robustbench_endo.evaluation.plan import EvaluationPlan
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.reevaluate import batches_for
from robustbench_endo.evaluation.stored_predictions import Write
from robustbench_endo.evaluation.workers import AdaptiveBatchSize, Workers
from robustbench_endo.results.gallery import INDEX, read_index
from robustbench_endo.results.integrity import GALLERY, RUN_FILE, damaged_files, read_run
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.results.severity import as_severity
from robustbench_endo.results.tail_risk import largest_drops


def remove_damaged_images(folder: Path) -> None:
    """Delete the images of a finished run that are not those that it wrote, so that they are stored again.

    Raises:
        RunError: a file that cannot be deleted.
    """
    info = read_run(folder) if (folder / RUN_FILE).is_file() else {}
    if not info.get("finished"):
        return
    damaged = [folder / name for name in damaged_files(folder, info) if name.startswith(f"{GALLERY}/")]
    inside = folder.resolve()
    try:
        # A condition is stored again where its image is missing.
        images = [path.with_name(f"{path.name.rsplit('.', 2)[0]}.webp") for path in damaged if path.suffix == ".png"]
        for path in (*damaged, *images, *([folder / INDEX] if damaged else ())):
            if path.parent.resolve().is_relative_to(inside):  # not through a link to another folder
                path.unlink(missing_ok=True)
    except OSError as error:
        raise RunError(
            f"Cannot replace {error.filename}: {error.strerror}. Delete the folder {folder / GALLERY} and run the same "
            "command again."
        ) from error


def store_images(plan: EvaluationPlan, results: Results, profiler: Profiler) -> None:
    """Store images of the frames with the largest drops, which are known only when all records are there.

    Nothing is done where the run stores no gallery or has stored them before. Images that are missing are stored again.
    """
    if not plan.config.gallery_frames:
        return
    readable = set(results.frame["image_id"].unique())
    first_draws = [condition for condition in plan.conditions if not condition.replicate]
    ids = [name for name in plan.gallery.ids if name in readable]
    missing = {name: [each for each in first_draws if plan.gallery.lacks(name, each)] for name in ids}
    evaluate_frames(plan, profiler, missing)
    if "worst" in read_index(plan.config.out):
        return
    conditions: dict[str, set[Condition]] = {}
    for row in largest_drops(results).itertuples():
        conditions.setdefault(str(row.image_id), set()).add(Condition(str(row.corruption), as_severity(row.severity)))
    gallery = GalleryWriter(plan.config.out, list(conditions), list(plan.models), part="worst")
    drops = {image_id: [Condition(CLEAN, 0), *sorted(each)] for image_id, each in conditions.items()}
    evaluate_frames(replace(plan, gallery=gallery), profiler, drops)
    gallery.write_index()  # last: what it names is there


def evaluate_frames(
    plan: EvaluationPlan,
    profiler: Profiler,
    conditions: Mapping[str, Sequence[Condition]],
    write: Write = lambda predictions: None,
) -> None:
    """Compute frames at some conditions again, so that the plan's gallery stores their images.

    Args:
        conditions: frame -> conditions.
        write: receives the predictions that the plan stores.
    """
    if not any(conditions.values()):
        return
    position = {plan.dataset.ids[index]: index for index in plan.indices}
    with device_errors(plan.device), deterministic(), Workers(plan.models, plan.device, plan.config.workers) as workers:
        for image_id, selected in conditions.items():
            store = partial(evaluate_condition, plan, workers, profiler, Episode(plan.adaptation))
            for batch in batches_for(plan, position[image_id]):
                for records in workers.map(store, batch, list(selected), AdaptiveBatchSize(None)):
                    write(records.predictions)
