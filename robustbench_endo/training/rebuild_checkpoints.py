"""Rebuild the checkpoints that ship with the package, from synthetic scenes and fixed seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from rich.progress import Progress as Bar

from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.models.checkpoint import SHIPPED, SHIPPED_FOLDER, WEIGHTS, folder_of, read_card, save_checkpoint
from robustbench_endo.models.network import Network
from robustbench_endo.models.readme import write_readme
from robustbench_endo.models.weights import read_weights
from robustbench_endo.models.zoo import build
from robustbench_endo.training.config import TrainConfig
from robustbench_endo.training.trainer import Progress, train
from robustbench_endo.types import ACTIVITY, Dataset, Sample

SIZE = (256, 320)


@dataclass(frozen=True)
class Recipe:
    """Size of a rebuild; no model is trained on an evaluated corruption.

    Attributes:
        frames: training scenes.
        validation: scenes of other patients that select the epoch; the test scenes are not used.
        epochs: passes over the training scenes.
        head_epochs: further passes for the activity head only.
        batch_size: frames per step.
        learning_rate: Adam's peak rate.
        seed: of the scenes and of the training.
    """

    frames: int = 1500
    validation: int = 48
    epochs: int = 12
    head_epochs: int = 3
    batch_size: int = 8
    learning_rate: float = 3e-3
    seed: int = 0

    @property
    def config(self) -> TrainConfig:
        """The Dice loss improves the jaws, two pixels wide; the weight of the activity is raised to match it."""
        return TrainConfig(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=self.seed,
            augment="light",
            task_weights={ACTIVITY: 1.0},
            dice_weight=1.0,
        )


class _CachedScenes(SyntheticScenes):
    """Scenes that are rendered once, as three models train on them."""

    def __init__(self, split: str, frames: int, seed: int) -> None:
        super().__init__(split=split, frames=frames, seed=seed, size=SIZE)
        self._cache: dict[int, Sample] = {}

    def __getitem__(self, index: int) -> Sample:
        if index not in self._cache:
            self._cache[index] = super().__getitem__(index)
        return self._cache[index]


def rebuild(
    out: str | Path = SHIPPED_FOLDER,
    recipe: Recipe | None = None,
    specs: tuple[str, ...] = SHIPPED,
    work: str | Path | None = None,
    progress: Callable[[str, Progress], None] | None = None,
) -> list[Path]:
    """Train shipped models without any evaluated corruption; their checkpoints have half-precision kernels.

    Args:
        out: folder of the checkpoint folders; by default that of the package.
        recipe: of the training; by default that of the shipped checkpoints.
        specs: of the models.
        work: folder of the trainings, so that an interrupted rebuild resumes; by default a temporary one.
        progress: called with the spec after every step.

    Returns:
        Checkpoint folders, in the order of ``specs``.
    """
    recipe = recipe or Recipe()
    scenes, held_out = (
        _CachedScenes("train", recipe.frames, recipe.seed),
        _CachedScenes("val", recipe.validation, recipe.seed),
    )

    def rebuild_model(spec: str, runs: Path) -> Path:
        show = (lambda step: progress(spec, step)) if progress else None
        run = train(f"{spec}@pool=mean", scenes, held_out, recipe.config, out=folder_of(spec, runs), progress=show)
        model = _network(spec)
        model.load_state_dict(read_weights(run / WEIGHTS))
        head = train_activity_head(model, scenes, held_out, recipe, folder_of(spec, runs) / "activity")
        card = replace(read_card(run), spec=spec)
        card = replace(card, training={**card.training, "activity_head": head})
        folder = save_checkpoint(folder_of(spec, Path(out)), model.state_dict(), card, half=True)
        write_readme(folder)
        return folder

    with TemporaryDirectory() as temporary:
        return [rebuild_model(spec, Path(work or temporary)) for spec in specs]


def train_activity_head(
    model: Network, scenes: Dataset, held_out: Dataset, recipe: Recipe, work: Path
) -> dict[str, float]:
    """Train a new activity head that takes the maximum over the map, on the frozen trunk, and put it into ``model``.

    The mean over a fine map hides what happens between two jaws. The trunk is trained under the mean nevertheless, and
    the maximum uses what it has learnt.

    Returns:
        Epoch, loss and accuracy of the selected epoch.
    """
    torch.manual_seed(recipe.seed)
    network = model.only(ACTIVITY).requires_grad_(False)
    network.heads[ACTIVITY] = _network(model.spec).heads[ACTIVITY]
    run = train(network, scenes, held_out, replace(recipe.config, epochs=recipe.head_epochs), out=work)
    prefix = f"heads.{ACTIVITY}."
    head = {name.removeprefix(prefix): v for name, v in read_weights(run / WEIGHTS).items() if name.startswith(prefix)}
    model.heads[ACTIVITY].load_state_dict(head)
    training = read_card(run).training
    return {name: training[name] for name in ("epoch", "loss", "accuracy")}


def _network(spec: str) -> Network:
    network = build(spec, len(SyntheticScenes.classes), len(SyntheticScenes.activities))
    assert isinstance(network, Network)
    return network


def main() -> None:
    """Rebuild all of them into the package, with a progress bar: ``make checkpoints``.

    On one thread: the number of threads changes the last digit of a sum, and with it the weights.
    """
    torch.set_num_threads(1)
    with Bar() as bar:
        tasks = {spec: bar.add_task(spec, total=None) for spec in SHIPPED}

        def show(spec: str, step: Progress) -> None:
            done = step.epoch * step.batches + step.batch
            bar.update(tasks[spec], completed=done, total=step.epochs * step.batches)

        rebuild(progress=show)


if __name__ == "__main__":
    main()
