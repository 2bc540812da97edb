"""The data sets of a reproduction, and how their frames compare with Table I of the paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustbench_endo.data import load_dataset
from robustbench_endo.errors import ReproductionError
from robustbench_endo.reproduction.experiments import GEN, Grid, published
from robustbench_endo.reproduction.presets import Scale
from robustbench_endo.types import Dataset

NAMES = {"mtlesd": "MTLESD", "mtlendovis": "MTLEndovis", GEN: "MTLEndovis-Gen"}


@dataclass(frozen=True)
class Source:
    """One of the paper's data sets, or a substitute.

    Attributes:
        name: the paper's data set.
        label: as printed: the spec, or `synthetic scenes`.
        is_original: whether these are the frames of the paper.
        load: split -> frames.
    """

    name: str
    label: str
    is_original: bool
    load: Callable[[str], Dataset]


def synthetic_source(name: str, scale: Scale) -> Source:
    """Synthetic scenes; every data set has other patients."""

    def load(split: str) -> Dataset:
        options: Any = {"seed": list(NAMES).index(name), "size": scale.scene, "frames": scale.frames[split]}
        return load_dataset("synthetic", split=split, **options)

    return Source(name, "synthetic scenes", False, load)


def parse_sources(specs: Sequence[str], gen: str | None, grid: Grid) -> dict[str, Source]:
    """The data sets of ``--data`` and ``--data-gen``.

    Args:
        specs: `mtlesd:DIR`, `mtlendovis:DIR`, or, for a grid of one data set, DIR or any other data set.
        gen: `mtlendovis-gen:DIR` or DIR.

    Raises:
        ReproductionError: a data set of the grid is missing, or it is not clear which one is meant.
    """
    names = [name for name in grid.datasets if name != GEN]
    sources: dict[str, Source] = {}
    for spec in specs:
        name = _dataset_name(spec, names, grid)
        if name in sources:
            raise ReproductionError(f"Expected the data set {name} once, got it twice: leave out one --data.")
        sources[name] = _source(name, spec)
    if GEN in grid.datasets:
        if gen is None:
            raise ReproductionError(
                f"Expected --data-gen {GEN}:DIR in addition to --data for {grid.name}, got none: name the folder of "
                "MTLEndovis-Gen, or try --synthetic --quick."
            )
        sources[GEN] = _source(GEN, gen)
    if not any(name in sources for name in names):
        choices = " or ".join(f"--data {name}:DIR" for name in names)
        raise ReproductionError(f"Expected {choices} for {grid.name}, got none: add it, or try --synthetic --quick.")
    return sources


def _dataset_name(spec: str, names: Sequence[str], grid: Grid) -> str:
    head = spec.partition(":")[0]
    if head in names:
        return head
    if head in NAMES:
        raise ReproductionError(f"Expected {' or '.join(names)} for {grid.name}, got {head}: leave it out.")
    if len(names) > 1:
        choices = " or ".join(f"{name}:{spec}" for name in names)
        raise ReproductionError(f"Expected the name of the data set before its folder, got {spec}: write {choices}.")
    return names[0]


def _source(name: str, spec: str) -> Source:
    """A folder without a name is read in the layout of its data set; any other spec as it is."""
    full = f"{name}:{spec}" if Path(spec).is_dir() or spec.startswith((".", "/", "~")) else spec
    is_original = full.partition(":")[0] == name
    return Source(name, full, is_original, lambda split: load_dataset(full, split=split))


def describe_sources(sources: Mapping[str, Source], opened: Mapping[tuple[str, str], Dataset]) -> list[str]:
    """One line per data set: its frames and labels, and where they differ from Table I.

    Args:
        opened: (name, split) -> frames that are used.
    """
    table = published("table1").set_index("dataset")
    lines = []
    for name, source in sources.items():
        expected = table.loc[NAMES[name]]
        counts = {split: len(data) for (which, split), data in opened.items() if which == name}
        parts = [f"{split} {count} frames" + _compared(count, int(expected[split])) for split, count in counts.items()]
        some = next((data for (which, _), data in opened.items() if which == name), None)
        if some is not None:
            parts.append(f"{len(some.classes) - 1} classes and background" + _compared(
                len(some.classes) - 1, int(expected["segmentation_classes"])
            ))  # fmt: skip
            parts.append(f"{len(some.activities)} activities" + _compared(
                len(some.activities), int(expected["activity_classes"])
            ))  # fmt: skip
        lines.append(f"{NAMES[name]} ({source.label}): {', '.join(parts)}.")
    return lines


def _compared(count: int, expected: int) -> str:
    return " as in Table I" if count == expected else f" (Table I: {expected})"
