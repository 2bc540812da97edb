"""Shards of a run made one, without models and data."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.conditions import plan
from robustbench_endo.evaluation.gallery import INDEX, read_index
from robustbench_endo.evaluation.provenance import now
from robustbench_endo.evaluation.run import write_summary
from robustbench_endo.evaluation.run_folder import RunFolder, chunk_file, differences
from robustbench_endo.evaluation.shard import shards_with
from robustbench_endo.results import Results, load_results
from robustbench_endo.results.io import RUN_FILE, read_json, write_json, write_whole


def merge(*folders: str | Path, out: str | Path | None = None) -> Results:
    """Make one run of its shards: the records, to the bit, that one machine would have written, and the kept pictures.

    Args:
        folders: one run folder that all shards were computed in, or several.
        out: where the run is made; None: in the only folder.

    Raises:
        RunError: no run, different runs, or chunks that are nowhere: says which shards make them. Nothing is written
            then.
    """
    sources = list(dict.fromkeys(map(Path, folders)))
    if not sources or (len(sources) > 1 and out is None):
        raise RunError(
            f"Expected a run folder, or several and an --out, got {len(sources)} and none: say where to merge them."
        )
    target = sources[0] if out is None else Path(out)
    runs = {folder: _opened(folder) for folder in sources}
    if target not in runs and (target / RUN_FILE).is_file():
        runs[target] = _opened(target)
    _check_one_run(runs)
    found = _found(runs)
    folder = RunFolder(target)
    info = folder.open({**_common(runs), "name": target.name})
    for number, source in enumerate(found):
        if not folder.has_chunk(number):
            _copy(chunk_file(source, number), chunk_file(target, number))
    _copy_gallery(runs, target)
    conditions = plan(
        [entry["name"] for entry in info["corruptions"]],
        info["severities"],
        [entry["name"] for entry in info["recorded_conditions"]],
    )
    folder.finish(len(found), {**info, "finished": now()}, conditions)
    results = load_results(target)
    write_summary(results)
    return results


def lacks_pictures(results: Results) -> bool:
    """Does a merged run keep pictures, but none of its deepest falls, which only models and data can make?"""
    index = {} if results.path is None else read_index(results.path)
    return bool(index.get("frames")) and "worst" not in index


def _opened(folder: Path) -> dict[str, Any]:
    if not (folder / RUN_FILE).is_file():
        raise RunError(
            f"Expected a run folder to merge, got no {RUN_FILE} in {folder}: give what robust-endo evaluate --shard "
            "had as --out."
        )
    info = read_json(folder / RUN_FILE)
    lacking = [name for name in ("identity", "chunks") if name not in info]
    if lacking:
        raise RunError(
            f"Expected a run that can be merged in {folder}, got no {lacking[0]} in its {RUN_FILE}: give the same "
            "robust-endo evaluate again."
        )
    return info


def _check_one_run(runs: Mapping[Path, Mapping[str, Any]]) -> None:
    (first, info), *others = runs.items()
    for folder, other in others:
        details = differences(info["identity"], other["identity"])
        if info["chunks"] != other["chunks"]:
            details += f"; {info['chunks']} chunks, {other['chunks']} chunks"
        if details:
            raise RunError(
                f"Expected shards of one run, got another in {folder} than in {first} ({details.strip('; ')}): merge "
                "folders that had the same models, data and options."
            )


def _found(runs: Mapping[Path, Mapping[str, Any]]) -> list[Path]:
    """The folder that has each chunk.

    Raises:
        RunError: none has it.
    """
    count = next(iter(runs.values()))["chunks"]
    having = [next((folder for folder in runs if chunk_file(folder, i).is_file()), None) for i in range(count)]
    missing = [number for number, folder in enumerate(having) if folder is None]
    if missing:
        raise RunError(
            f"Expected all {count} chunks of the run, got {count - len(missing)}; missing: {_listed(missing)}: "
            f"{_remedy(missing, [info.get('shards') for info in runs.values()])}, then merge again."
        )
    return [folder for folder in having if folder is not None]


def _remedy(missing: Sequence[int], cuts: Sequence[int | None]) -> str:
    if len(set(cuts)) == 1 and (cut := cuts[0]):
        return f"give robust-endo evaluate with --shard {_listed(shards_with(missing, cut))} again"
    found = f" (the folders are cut in {_listed(sorted({cut for cut in cuts if cut}))} shards)" if len(cuts) > 1 else ""
    return f"give robust-endo evaluate without --shard in one of the folders{found}"


def _listed(items: Iterable[object]) -> str:
    texts = [str(item) for item in items]
    return ", ".join(texts if len(texts) <= 12 else [*texts[:12], f"... ({len(texts)} in all)"])


def _common(runs: Mapping[Path, Mapping[str, Any]]) -> dict[str, Any]:
    infos = list(runs.values())
    info = {key: value for key, value in infos[0].items() if key != "shards"}
    notes = [note for entry in infos for note in entry["notes"]]
    seen: dict[str, list[str]] = {}
    for entry in infos:
        for name, version in entry["versions"].items():
            seen.setdefault(name, []).append(version)
    mixed = [f"{name} {' and '.join(sorted(set(found)))}" for name, found in seen.items() if len(set(found)) > 1]
    if mixed:
        notes.append(f"Shards were computed with different versions ({'; '.join(mixed)}): last digits may differ.")
    return {**info, "created": min(entry["created"] for entry in infos), "notes": list(dict.fromkeys(notes))}


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as content:
        write_whole(target, lambda file: shutil.copyfileobj(content, file))


def _copy_gallery(runs: Iterable[Path], target: Path) -> None:
    """Bring the kept pictures along: every shard has those of its own frames."""
    for folder in runs:
        for picture in sorted((folder / INDEX).parent.glob("*/*")):
            place = target / picture.relative_to(folder)
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                _copy(picture, place)
        if index := read_index(folder):
            (target / INDEX).parent.mkdir(parents=True, exist_ok=True)
            write_json(target / INDEX, {**index, **read_index(target)})
