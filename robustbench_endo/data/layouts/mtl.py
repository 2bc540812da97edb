"""The paper's own three data sets: ``split/activity number/image|mask``.

Layout and the meaning of the activity folders (folder k is activity k - 1) after the authors' loader,
``create_dataset.py`` in github.com/gkw0010/EndoARSS; numbers of labels and activities after the paper,
arXiv:2506.06830.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from robustbench_endo.data.file_listing import Entry, activity_folders, split_root
from robustbench_endo.data.folder import FolderDataset
from robustbench_endo.data.layouts.endovis18 import TYPES
from robustbench_endo.errors import DataError
from robustbench_endo.types import IGNORE


@dataclass(frozen=True)
class MultiTask(FolderDataset):
    """A folder whose labels and activities are known beforehand, so that every split and copy agrees on them.

    Args:
        root: see :class:`robustbench_endo.data.folder.FolderDataset`, also for ``split``, ``class_names``,
            ``subject_regex``.
        lowered: read masks as the authors' loader does, which takes one off every value above 0 (their masks hold 1
            for what becomes background).

    Raises:
        DataError: as for a folder; an activity folder that is not one of the numbers; not as many names as labels.
    """

    lowered: bool = False

    @property
    @abstractmethod
    def labels(self) -> tuple[str, ...]:
        """Names of the mask labels."""

    @property
    @abstractmethod
    def activities(self) -> tuple[str, ...]:
        """Names of the activities: their folders."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the mask labels."""
        if self.class_names is not None and len(self.class_names) != len(self.labels):
            raise DataError(
                f"Expected {len(self.labels)} class names for {self.name}, got {len(self.class_names)}: leave "
                "--classes out."
            )
        return self.class_names or self.labels

    def _activity(self, entry: Entry) -> int | None:
        if entry.activity not in self.activities:
            found = ", ".join(activity_folders(self.root, split_root(self.root, self.split))) or "frames without one"
            raise DataError(
                f"Expected the frames of {self.name} in activity folders 1 to {len(self.activities)} (split/1/image, "
                f"split/1/mask, ...), got {found} in {self.root}: rename them, or read the folder as it is with "
                f"--data {self.root}."
            )
        return self.activities.index(entry.activity)

    def _mask(self, entry: Entry) -> Tensor | None:
        mask = super()._mask(entry)
        if mask is None or not self.lowered:
            return mask
        return torch.where((mask > 0) & (mask != IGNORE), mask - 1, mask)

    def _check_labels(self, entry: Entry) -> None:
        self._activity(entry)
        super()._check_labels(entry)


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(1, count + 1))


class MtlEsd(MultiTask):
    """MTLESD: endoscopic submucosal dissection, 1618 training and 402 test frames of 1306 x 1009 pixels.

    7 labels and 3 activities. No public document that we could read names them, so these names are neutral.
    """

    name = "mtlesd"
    labels = ("background", *(f"class {index}" for index in range(1, 7)))
    activities = _numbers(3)


class MtlEndoVis(MultiTask):
    """MTLEndovis: EndoVis 2018 with 12 activities, 1601 training and 395 test frames of 1280 x 1024 pixels.

    The 8 labels are the instrument types of EndoVis 2018; the activities are not named in what we could read, so
    these names are neutral.
    """

    name = "mtlendovis"
    labels = TYPES
    activities = _numbers(12)


class MtlEndoVisGen(MtlEndoVis):
    """MTLEndovis-Gen: 97 test frames from EndoVis 2017 with 6 of the activities, for a model trained on MTLEndovis.

    Labels and activities keep the indices of MTLEndovis, so that such a model fits as it is: activity folder k is
    activity k - 1 of the 12. EndoVis 2017 has two instruments that MTLEndovis has not (vessel sealer, grasping
    retractor): no index is theirs.
    """

    name = "mtlendovis-gen"

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The frames, sorted by id; there is a test split only."""
        if self.split not in (None, "test"):
            raise DataError(f"Expected the split test of {self.name}, got {self.split!r}: it is for testing only.")
        return super().entries
