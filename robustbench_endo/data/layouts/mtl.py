"""The three data sets of EndoARSS (the paper): ``split/activity number/image|mask``.

Layout and the meaning of the activity folders (folder k is activity k - 1) after the authors' loader,
``create_dataset.py`` in github.com/gkw0010/EndoARSS; numbers of labels and activities after the paper,
arXiv:2506.06830.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from robustbench_endo.data.file_listing import Entry, activity_folders, split_folders
from robustbench_endo.data.folder import FolderDataset
from robustbench_endo.data.layouts.base import check_class_names
from robustbench_endo.data.layouts.endovis18 import TYPES
from robustbench_endo.errors import DataError
from robustbench_endo.types import ACTIVITY, IGNORE


@dataclass(frozen=True)
class MultiTask(FolderDataset):
    """A folder with fixed labels and activities, so that every split and copy agrees on them.

    Args:
        root: see :class:`robustbench_endo.data.folder.FolderDataset`, also for ``split``, ``class_names``,
            ``subject_regex``.
        one_based_masks: the masks number the labels from 1, as the authors' loader assumes: it subtracts one from
            every value above 0, so that both 0 and 1 are background.

    Raises:
        DataError: as for a folder; an activity folder that is not one of the numbers; not as many names as labels.
    """

    one_based_masks: bool = False

    @property
    @abstractmethod
    def labels(self) -> tuple[str, ...]:
        """Names of the mask labels."""

    @property
    @abstractmethod
    def activities(self) -> tuple[str, ...]:
        """Names of the activities: their folders."""

    @property
    def labels_of_values(self) -> None:
        """None: the values of the masks are fixed."""
        return None

    @property
    def classes_are_named(self) -> bool:
        """True: the number of classes is fixed."""
        return True

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the mask labels."""
        return check_class_names(self.name, self.class_names, self.labels)

    def _activity(self, entry: Entry) -> int | None:
        activity = entry.labels.get(ACTIVITY)
        if activity not in self.activities:
            folders = ", ".join(activity_folders(split_folders(self.root, self.folder))) or "frames without one"
            raise DataError(
                f"Expected the frames of {self.name} in activity folders 1 to {len(self.activities)} (split/1/image, "
                f"split/1/mask, ...), got {folders} in {self.root}: rename them, or read the folder as it is with "
                f"--data {self.root}."
            )
        return self.activities.index(activity)

    def _mask(self, entry: Entry) -> Tensor | None:
        mask = super()._mask(entry)
        if mask is None or not self.one_based_masks:
            return mask
        return torch.where((mask > 0) & (mask != IGNORE), mask - 1, mask)

    def _check_labels(self, entry: Entry) -> Tensor | None:
        self._activity(entry)
        return super()._check_labels(entry)


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(1, count + 1))


class MtlEsd(MultiTask):
    """MTLESD: endoscopic submucosal dissection, 1618 training and 402 test frames of 1306 x 1009 pixels.

    7 labels and 3 activities. No public document names them, so these names are neutral.
    """

    name = "mtlesd"
    labels = ("background", *(f"class {index}" for index in range(1, 7)))
    activities = _numbers(3)


class MtlEndoVis(MultiTask):
    """MTLEndovis: EndoVis 2018 with 12 activities, 1601 training and 395 test frames of 1280 x 1024 pixels.

    The 8 labels are the instrument types of EndoVis 2018. No public document names the activities, so their names are
    neutral.
    """

    name = "mtlendovis"
    labels = TYPES
    activities = _numbers(12)


class MtlEndoVisGen(MtlEndoVis):
    """MTLEndovis-Gen: 97 test frames from EndoVis 2017 with 6 of the activities, for a model trained on MTLEndovis.

    Labels and activities keep the indices of MTLEndovis, so that such a model fits without changes: activity folder k
    is activity k - 1 of the 12. Two instruments of EndoVis 2017 (vessel sealer, grasping retractor) are not in
    MTLEndovis and have no index.
    """

    name = "mtlendovis-gen"

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The frames, sorted by id; there is a test split only."""
        if self.split not in (None, "test"):
            raise DataError(f"Expected the split test of {self.name}, got {self.split!r}: it is for testing only.")
        return super().entries
