"""Merging shards of a run, without models and data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.chunk_integrity import NO_FILE, chunk_problem
from robustbench_endo.evaluation.kept_frames import lacks_kept_frames
from robustbench_endo.evaluation.provenance import utc_now
from robustbench_endo.evaluation.run import write_summary
from robustbench_endo.evaluation.run_checks import run_conditions
from robustbench_endo.evaluation.run_folder import RunFolder, chunk_file
from robustbench_endo.evaluation.shard import shards_with
from robustbench_endo.evaluation.stored_predictions import copy_predictions, stored_mode
from robustbench_endo.io_utils import identity_changes, write_atomically, write_json
from robustbench_endo.predictions.files import missing_predictions
from robustbench_endo.results import Results
from robustbench_endo.results.gallery import INDEX, read_index
from robustbench_endo.results.integrity import RUN_FILE, check_intact, content_sha256, read_run, write_run
from robustbench_endo.results.io import read_records


def merge(*folders: str | Path, out: str | Path | None = None) -> Results:
    """Combine the shards of a run: records identical to those of a run on one machine, and the stored images.

    Args:
        folders: one run folder in which all shards were computed, or several.
        out: folder of the combined run; None uses the only folder.

    Raises:
        RunError: no run, different runs, or missing chunks (the message names their shards). Nothing is written then.
    """
    sources = list(dict.fromkeys(map(Path, folders)))
    if not sources or (len(sources) > 1 and out is None):
        raise RunError(
            f"Expected a run folder, or several and an --out, got {len(sources)} without an --out: name the folder of "
            "the combined run."
        )
    target = sources[0] if out is None else Path(out)
    runs = {folder: _read_run(folder) for folder in sources}
    if target not in runs and (target / RUN_FILE).is_file():
        runs[target] = _read_run(target)
    _check_one_run(runs)
    chunk_folders = _locate_chunks(runs)
    folder = RunFolder(target, mode := stored_mode(next(iter(runs.values()))))
    info = folder.open({**_combined_info(runs), "name": target.name})
    for chunk, source in enumerate(chunk_folders):
        if not folder.has_chunk(chunk):
            write_atomically(chunk_file(target, chunk), chunk_file(source, chunk).read_bytes())
            if mode.startswith("all"):
                copy_predictions(source, target, chunk)
    _copy_gallery(runs, target)
    info = folder.finish(len(chunk_folders), {**info, "finished": utc_now()}, run_conditions(info))
    results = read_records(target, dict(info))
    write_summary(results)
    return replace(results, info=write_run(target, info))


def lacks_largest_drops(results: Results) -> bool:
    """Whether a merged run lacks images or predictions of its largest drops, which need models and data."""
    if results.path is None:
        return False
    index = read_index(results.path)
    without_images = bool(index.get("frames")) and "worst" not in index
    return without_images or lacks_kept_frames(results.path, results.info.get("config", {}))


def _read_run(folder: Path) -> dict[str, Any]:
    if not (folder / RUN_FILE).is_file():
        raise RunError(
            f"Expected a run folder to merge, got no {RUN_FILE} in {folder}: give the --out of robust-endo evaluate "
            "--shard."
        )
    info = read_run(folder)
    if info.get("finished"):
        check_intact(folder, info)
    missing = [name for name in ("identity", "chunks") if name not in info]
    if missing:
        raise RunError(
            f"Expected a run that can be merged in {folder}, got no {missing[0]} in its {RUN_FILE}: run the same "
            "robust-endo evaluate again."
        )
    return info


def _check_one_run(runs: Mapping[Path, Mapping[str, Any]]) -> None:
    (first, info), *others = runs.items()
    for folder, other in others:
        changes = identity_changes(info["identity"], other["identity"])
        if info["chunks"] != other["chunks"]:
            changes += f"; {info['chunks']} chunks, {other['chunks']} chunks"
        if changes:
            raise RunError(
                f"Expected shards of one run, got another one in {folder} than in {first} ({changes.strip('; ')}): "
                "merge folders with the same models, data and options."
            )


def _locate_chunks(runs: Mapping[Path, Mapping[str, Any]]) -> list[Path]:
    """The folder that has each chunk, undamaged.

    Raises:
        RunError: no folder has it.
    """
    info = next(iter(runs.values()))
    run, located, mode = content_sha256(info["identity"]), list[Path | None](), stored_mode(info)
    damaged: dict[Path, str] = {}
    for chunk in range(info["chunks"]):
        problems = {folder: _problem(folder, run, chunk, mode) for folder in runs}
        located.append(next((folder for folder, problem in problems.items() if not problem), None))
        damaged |= {
            chunk_file(folder, chunk): problem for folder, problem in problems.items() if problem not in ("", NO_FILE)
        }
    missing = [chunk for chunk, folder in enumerate(located) if folder is None]
    if missing and damaged:
        file, problem = next(iter(damaged.items()))
        raise RunError(
            f"Cannot merge the records {file}: {problem}. Run the robust-endo evaluate that wrote them again, then "
            "merge again."
        )
    if missing:
        count = info["chunks"]
        raise RunError(
            f"Expected all {count} chunks of the run, got {count - len(missing)}; missing: {_join(missing)}: "
            f"{_remedy(missing, [info.get('shards') for info in runs.values()])}, then merge again."
        )
    return [folder for folder in located if folder is not None]


def _problem(folder: Path, run: str, chunk: int, mode: str) -> str:
    """Why a folder does not have a chunk with the predictions that the run stores."""
    return chunk_problem(chunk_file(folder, chunk), run, chunk) or missing_predictions(folder, run, chunk, mode)


def _remedy(missing: Sequence[int], divisions: Sequence[int | None]) -> str:
    if len(set(divisions)) == 1 and (shards := divisions[0]):
        return f"run robust-endo evaluate with --shard {_join(shards_with(missing, shards))} again"
    different = _join(sorted({shards for shards in divisions if shards}))
    detail = f" (the folders are divided into {different} shards)" if len(divisions) > 1 else ""
    return f"run robust-endo evaluate without --shard in one of the folders{detail}"


def _join(items: Iterable[object]) -> str:
    texts = [str(item) for item in items]
    return ", ".join(texts if len(texts) <= 12 else [*texts[:12], f"... ({len(texts)} in all)"])


def _combined_info(runs: Mapping[Path, Mapping[str, Any]]) -> dict[str, Any]:
    infos = list(runs.values())
    info = {key: value for key, value in infos[0].items() if key != "shards"}
    notes = [note for entry in infos for note in entry["notes"]]
    versions: dict[str, set[str]] = {}
    for entry in infos:
        for name, version in entry["versions"].items():
            versions.setdefault(name, set()).add(version)
    mixed = [f"{name} {' and '.join(sorted(each))}" for name, each in versions.items() if len(each) > 1]
    if mixed:
        notes.append(f"Shards were computed with different versions ({'; '.join(mixed)}): last digits may differ.")
    return {**info, "created": min(entry["created"] for entry in infos), "notes": list(dict.fromkeys(notes))}


def _copy_gallery(runs: Iterable[Path], target: Path) -> None:
    """Copy the stored images: every shard has those of its own frames."""
    for folder in runs:
        for image in sorted((folder / INDEX).parent.glob("*/*")):
            if image.is_symlink() or not image.resolve().is_relative_to(folder.resolve()):
                continue  # it may show any file of this machine
            path = target / image.relative_to(folder)
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(path, image.read_bytes())
        if index := read_index(folder):
            (target / INDEX).parent.mkdir(parents=True, exist_ok=True)
            write_json(target / INDEX, {**index, **read_index(target)})
