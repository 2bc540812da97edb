"""Where the frames of the paper's data sets come from, and whether they are as many as the paper's."""

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
    """One of the paper's data sets, or what stands for it.

    Attributes:
        name: the paper's data set.
        told: what a reader sees: the spec, or `drawn scenes`.
        own: whether these are the paper's own frames.
        load: split -> frames.
    """

    name: str
    told: str
    own: bool
    load: Callable[[str], Dataset]


def drawn(name: str, scale: Scale) -> Source:
    """Drawn scenes; every data set has patients of its own."""

    def load(split: str) -> Dataset:
        options: Any = {"seed": list(NAMES).index(name), "size": scale.scene, "frames": scale.frames[split]}
        return load_dataset("synthetic", split=split, **options)

    return Source(name, "drawn scenes", False, load)


def given(specs: Sequence[str], gen: str | None, grid: Grid) -> dict[str, Source]:
    """The data sets of ``--data`` and ``--data-gen``.

    Args:
        specs: `mtlesd:DIR`, `mtlendovis:DIR`, or, where the grid has one data set only, DIR or any other data set.
        gen: `mtlendovis-gen:DIR` or DIR.

    Raises:
        ReproductionError: a data set of the grid is missing, or it is not clear which one is meant.
    """
    wanted = [name for name in grid.datasets if name != GEN]
    found: dict[str, Source] = {}
    for spec in specs:
        name = _named(spec, wanted, grid)
        if name in found:
            raise ReproductionError(f"Expected the data set {name} once, got it twice: leave out one --data.")
        found[name] = _source(name, spec)
    if GEN in grid.datasets:
        if gen is None:
            raise ReproductionError(
                f"Expected --data-gen {GEN}:DIR beside --data for {grid.name}, got none: name the folder of "
                "MTLEndovis-Gen, or try the whole grid with --synthetic --quick."
            )
        found[GEN] = _source(GEN, gen)
    if not any(name in found for name in wanted):
        choices = " or ".join(f"--data {name}:DIR" for name in wanted)
        raise ReproductionError(f"Expected {choices} for {grid.name}, got none: give it, or try --synthetic --quick.")
    return found


def _named(spec: str, wanted: Sequence[str], grid: Grid) -> str:
    head = spec.partition(":")[0]
    if head in wanted:
        return head
    if head in NAMES:
        raise ReproductionError(f"Expected {' or '.join(wanted)} for {grid.name}, got {head}: it has no part in it.")
    if len(wanted) > 1:
        choices = " or ".join(f"{name}:{spec}" for name in wanted)
        raise ReproductionError(f"Expected the name of the data set before its folder, got {spec}: write {choices}.")
    return wanted[0]


def _source(name: str, spec: str) -> Source:
    """A folder without a name is read as the data set that it is meant to be; any other data set as it is."""
    full = f"{name}:{spec}" if Path(spec).is_dir() or spec.startswith((".", "/", "~")) else spec
    own = full.partition(":")[0] == name
    return Source(name, full, own, lambda split: load_dataset(full, split=split))


def facts(sources: Mapping[str, Source], opened: Mapping[tuple[str, str], Dataset]) -> list[str]:
    """Table I beside what was found; a line a data set, saying where the two differ.

    Args:
        opened: (name, split) -> frames, as far as they are used.
    """
    table = published("table1").set_index("dataset")
    lines = []
    for name, source in sources.items():
        expected = table.loc[NAMES[name]]
        counts = {split: len(data) for (which, split), data in opened.items() if which == name}
        parts = [f"{split} {count} frames" + _against(count, int(expected[split])) for split, count in counts.items()]
        some = next((data for (which, _), data in opened.items() if which == name), None)
        if some is not None:
            parts.append(f"{len(some.classes) - 1} classes and background" + _against(
                len(some.classes) - 1, int(expected["segmentation_classes"])
            ))  # fmt: skip
            parts.append(f"{len(some.activities)} activities" + _against(
                len(some.activities), int(expected["activity_classes"])
            ))  # fmt: skip
        lines.append(f"{NAMES[name]} ({source.told}): {', '.join(parts)}.")
    return lines


def _against(found: int, expected: int) -> str:
    return " as in Table I" if found == expected else f" (Table I: {expected})"
