"""The embedded default data set: procedurally drawn laparoscopic scenes, nothing to download."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch

from robustbench_endo.data.synthetic import raster as labels
from robustbench_endo.data.synthetic.patient import FRAMES_PER_PATIENT, Patient, draw_patient
from robustbench_endo.data.synthetic.raster import SPLITS, generator
from robustbench_endo.data.synthetic.render import render
from robustbench_endo.data.synthetic.scene import Scene, draw_scene
from robustbench_endo.errors import DataError
from robustbench_endo.types import Sample

_FRAMES = {"train": 400, "val": 48, "test": 48}
_SMALLEST = 32


class SyntheticScenes:
    """Drawn laparoscopic frames with part masks (7 classes) and activities (3 classes).

    Frame ``i`` is a pure function of (seed, split, i, size): asking for more frames leaves the first ones as they are,
    and another size shows the same scene. Six frames in a row share a patient, which is their subject.

    Args:
        split: "train", "val" or "test"; no two share a patient.
        frames: how many; by default 400 of train, 48 of the others.
        seed: another seed is another set of patients.
        size: (H, W) in pixels, at least 32 each.

    Raises:
        DataError: an argument outside what is said above.
    """

    name: str = "synthetic"
    classes: tuple[str, ...] = labels.CLASSES
    activities: tuple[str, ...] = labels.ACTIVITIES

    def __init__(
        self, split: str = "test", frames: int | None = None, seed: int = 0, size: tuple[int, int] = (256, 320)
    ) -> None:
        if split not in SPLITS:
            raise DataError(
                f"Expected a split among {', '.join(SPLITS)}, got {split!r}: the synthetic scenes have no other."
            )
        count = _FRAMES[split] if frames is None else frames
        if not _whole(count, 1):
            raise DataError(f"Expected frames to be a whole number >= 1, got {frames!r}: ask for at least one frame.")
        if not _whole(seed, 0):
            raise DataError(f"Expected seed to be a whole number >= 0, got {seed!r}: choose, say, 0.")
        if not isinstance(size, (tuple, list)) or len(size) != 2 or not all(_whole(side, _SMALLEST) for side in size):
            raise DataError(
                f"Expected size to be (height, width) with both at least {_SMALLEST} pixels, got {size!r}: "
                "choose, say, (256, 320)."
            )
        self.split, self.seed, self.size = split, seed, (int(size[0]), int(size[1]))
        self.subjects: Sequence[str] = tuple(f"{split}/seq_{i // FRAMES_PER_PATIENT:02d}" for i in range(count))
        self.ids: Sequence[str] = tuple(f"{subject}/frame_{i:04d}" for i, subject in enumerate(self.subjects))

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> Sample:
        position = range(len(self))[index]
        scene = self.scene(position)
        frame, mask = render(scene, self.size, generator(self.seed, self.split, "sensor", position))
        return Sample.from_labels(
            torch.from_numpy(frame),
            torch.from_numpy(mask),
            scene.activity,
            self.ids[position],
            self.subjects[position],
        )

    def scene(self, index: int) -> Scene:
        """What frame ``index`` shows, as geometry."""
        position = range(len(self))[index]
        number, turn = divmod(position, FRAMES_PER_PATIENT)
        patient = _patient(self.seed, self.split, number)
        return draw_scene(generator(self.seed, self.split, "scene", position), patient, patient.schedule[turn])


@lru_cache(maxsize=8)
def _patient(seed: int, split: str, index: int) -> Patient:
    return draw_patient(generator(seed, split, "patient", index))


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
