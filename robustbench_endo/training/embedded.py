"""Rebuilds the checkpoints that ship with the package, from the synthetic training scenes and fixed seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.progress import Progress as Bar

from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.models.checkpoint import WEIGHTS, read_card, save_checkpoint
from robustbench_endo.models.embedded import EMBEDDED, FOLDER, folder_of
from robustbench_endo.models.weights import read_weights
from robustbench_endo.training.settings import Progress, Settings
from robustbench_endo.training.trainer import train
from robustbench_endo.types import Sample

SIZE = (256, 320)


@dataclass(frozen=True)
class Recipe:
    """What a rebuild spends.

    Attributes:
        frames: training scenes.
        epochs: passes over them.
        batch_size: frames per step.
        learning_rate: Adam's peak rate.
        seed: of the scenes and of the training.
    """

    frames: int = 600
    epochs: int = 30
    batch_size: int = 8
    learning_rate: float = 2e-3
    seed: int = 0


class _Drawn(SyntheticScenes):
    """Scenes that are drawn once and kept, as three models train on them."""

    def __init__(self, split: str, frames: int, seed: int) -> None:
        super().__init__(split=split, frames=frames, seed=seed, size=SIZE)
        self._kept: dict[int, Sample] = {}

    def __getitem__(self, index: int) -> Sample:
        if index not in self._kept:
            self._kept[index] = super().__getitem__(index)
        return self._kept[index]


def rebuild(
    out: str | Path = FOLDER,
    recipe: Recipe | None = None,
    specs: tuple[str, ...] = EMBEDDED,
    work: str | Path | None = None,
    progress: Callable[[str, Progress], None] | None = None,
) -> list[Path]:
    """Trains every embedded model without any evaluated corruption; its checkpoint has half-precision kernels.

    Args:
        out: the folder of the checkpoint folders; by default the package's own.
        recipe: how long and on how many scenes; by default what the shipped ones had.
        specs: which of the embedded models.
        work: a folder for the runs, so that a killed rebuild resumes; by default a temporary one.
        progress: called with the spec after every step.

    Returns:
        The checkpoint folders, in the order of ``specs``.
    """
    recipe = recipe or Recipe()
    scenes = _Drawn("train", recipe.frames, recipe.seed)
    with TemporaryDirectory() as temporary:
        runs = Path(work or temporary)
        return [_rebuild_one(spec, scenes, folder_of(spec, runs), Path(out), recipe, progress) for spec in specs]


def _rebuild_one(
    spec: str,
    scenes: SyntheticScenes,
    run: Path,
    out: Path,
    recipe: Recipe,
    progress: Callable[[str, Progress], None] | None,
) -> Path:
    trained = train(
        spec,
        scenes,
        settings=Settings(recipe.epochs, recipe.batch_size, recipe.learning_rate, recipe.seed, "light"),
        out=run,
        progress=(lambda step: progress(spec, step)) if progress else None,
    )
    return save_checkpoint(folder_of(spec, out), read_weights(trained / WEIGHTS), read_card(trained), half=True)


def main() -> None:
    """Rebuilds all of them into the package, with a progress bar: `make checkpoints`."""
    with Bar() as bar:
        tasks = {spec: bar.add_task(spec, total=None) for spec in EMBEDDED}

        def show(spec: str, step: Progress) -> None:
            done = step.epoch * step.batches + step.batch
            bar.update(tasks[spec], completed=done, total=step.epochs * step.batches)

        rebuild(progress=show)


if __name__ == "__main__":
    main()
