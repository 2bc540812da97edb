"""Rebuilds the checkpoints that ship with the package, from drawn scenes and fixed seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from rich.progress import Progress as Bar

from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.models.checkpoint import WEIGHTS, read_card, save_checkpoint
from robustbench_endo.models.network import Network
from robustbench_endo.models.shipped import FOLDER, SHIPPED, folder_of
from robustbench_endo.models.weights import read_weights
from robustbench_endo.models.zoo import build
from robustbench_endo.training.settings import Progress, TrainConfig
from robustbench_endo.training.trainer import train
from robustbench_endo.types import Dataset, Sample

SIZE = (256, 320)


@dataclass(frozen=True)
class Recipe:
    """What a rebuild spends; nothing in it shows a model a corruption that is evaluated.

    Attributes:
        frames: training scenes.
        validation: scenes of other patients that choose the epoch that is kept; the test scenes choose nothing.
        epochs: passes over the training scenes.
        head_epochs: further passes for the activity head alone.
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
    def settings(self) -> TrainConfig:
        """Of the trainer. Dice is what lifts the jaws, two pixels wide; the activity is weighed up to match it."""
        return TrainConfig(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=self.seed,
            augment="light",
            activity_weight=1.0,
            dice_weight=1.0,
        )


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
    specs: tuple[str, ...] = SHIPPED,
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
    scenes, held_out = _Drawn("train", recipe.frames, recipe.seed), _Drawn("val", recipe.validation, recipe.seed)

    def rebuilt(spec: str, runs: Path) -> Path:
        show = (lambda step: progress(spec, step)) if progress else None
        run = train(f"{spec}@pool=mean", scenes, held_out, recipe.settings, out=folder_of(spec, runs), progress=show)
        model = _network(spec)
        model.load_state_dict(read_weights(run / WEIGHTS))
        head = train_activity_head(model, scenes, held_out, recipe, folder_of(spec, runs) / "activity")
        card = replace(read_card(run), spec=spec)
        about = {**card.training, "activity_head": head}
        return save_checkpoint(folder_of(spec, Path(out)), model.state_dict(), replace(card, training=about), half=True)

    with TemporaryDirectory() as temporary:
        return [rebuilt(spec, Path(work or temporary)) for spec in specs]


def train_activity_head(
    model: Network, scenes: Dataset, held_out: Dataset, recipe: Recipe, work: Path
) -> dict[str, float]:
    """A new activity head that takes the maximum over the map, on the trunk as it is; written into ``model``.

    The mean over a fine map drowns what happens between two jaws; the trunk learns well under it all the same, and
    the maximum finds what it has learnt.

    Returns:
        The validation scores of the epoch that is kept.
    """
    torch.manual_seed(recipe.seed)
    alone = model.only("activity").requires_grad_(False)
    alone.heads["activity"] = _network(model.spec).heads["activity"]
    settings = replace(recipe.settings, epochs=recipe.head_epochs)
    run = train(alone, scenes, held_out, settings, out=work)
    prefix = "heads.activity."
    kept = {name.removeprefix(prefix): v for name, v in read_weights(run / WEIGHTS).items() if name.startswith(prefix)}
    model.heads["activity"].load_state_dict(kept)
    training = read_card(run).training
    return {name: training[name] for name in ("epoch", "loss", "accuracy")}


def _network(spec: str) -> Network:
    network = build(spec, len(SyntheticScenes.classes), len(SyntheticScenes.activities))
    assert isinstance(network, Network)
    return network


def main() -> None:
    """Rebuilds all of them into the package, with a progress bar: `make checkpoints`.

    On one thread: how many share a sum changes its last digit, and with it all that is learnt from there on.
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
