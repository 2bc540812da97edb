"""The built-in default data set: procedurally rendered laparoscopic scenes, without a download."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import torch

from robustbench_endo.data.synthetic import labels
from robustbench_endo.data.synthetic.patient import FRAMES_PER_PATIENT, Patient, sample_patient
from robustbench_endo.data.synthetic.randomness import SPLITS, random_stream
from robustbench_endo.data.synthetic.render import render
from robustbench_endo.data.synthetic.scene import Scene, sample_scene
from robustbench_endo.errors import DataError
from robustbench_endo.types import Sample

_FRAMES = {"train": 400, "val": 48, "test": 48}
_SMALLEST = 32


class SyntheticScenes:
    """Synthetic laparoscopic frames with part masks (7 classes) and activities (3 classes).

    Frame ``i`` is a pure function of (seed, split, i, size): a longer data set begins with the same frames, and another
    size shows the same scene. Six consecutive frames share a patient, which is their subject.

    Args:
        split: ``train``, ``val`` or ``test``; no two splits share a patient.
        frames: number of frames; by default 400 in train, 48 in the others.
        seed: another seed is another set of patients.
        size: (H, W) in pixels, at least 32 each.

    Raises:
        DataError: an argument outside its range.

    >>> scenes = SyntheticScenes("test", frames=2, size=(48, 64))
    >>> scenes[0].image.shape, scenes.classes[scenes[0].mask.max()], scenes.activities[scenes[0].activity]
    (torch.Size([3, 48, 64]), 'duct', 'exposing')
    """

    name: str = "synthetic"
    synthetic = True
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
        if not _is_integer(count, 1):
            raise DataError(f"Expected frames to be a whole number >= 1, got {frames!r}: ask for at least one frame.")
        if not _is_integer(seed, 0):
            raise DataError(f"Expected seed to be a whole number >= 0, got {seed!r}: choose, say, 0.")
        if (
            not isinstance(size, (tuple, list))
            or len(size) != 2
            or not all(_is_integer(side, _SMALLEST) for side in size)
        ):
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
        """Render one frame; negative indices count from the end."""
        position = range(len(self))[index]
        scene = self.scene(position)
        frame, mask = render(scene, self.size, random_stream(self.seed, self.split, "sensor", position))
        return Sample.from_labels(
            torch.from_numpy(frame),
            torch.from_numpy(mask),
            scene.activity,
            self.ids[position],
            self.subjects[position],
        )

    def fingerprint(self, indices: Sequence[int]) -> str:
        """Hexadecimal SHA-256 over ids, subjects, and all that frames are a function of: seed, split, index, size."""
        frames = [(range(len(self))[index], self.ids[index], self.subjects[index]) for index in indices]
        return hashlib.sha256(repr((self.seed, self.split, self.size, frames)).encode()).hexdigest()

    def scene(self, index: int) -> Scene:
        """The geometry of frame ``index``."""
        position = range(len(self))[index]
        number, frame = divmod(position, FRAMES_PER_PATIENT)
        patient = _patient(self.seed, self.split, number)
        return sample_scene(random_stream(self.seed, self.split, "scene", position), patient, patient.schedule[frame])


@lru_cache(maxsize=8)
def _patient(seed: int, split: str, index: int) -> Patient:
    return sample_patient(random_stream(seed, split, "patient", index))


def _is_integer(value: object, minimum: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= minimum
