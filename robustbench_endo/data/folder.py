"""Data sets in the default folder layout: ``[split/][activity/]image|mask``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from robustbench_endo.data.base import ImageFolderBase, highest_label, numbered_class_names, read_class_names
from robustbench_endo.data.file_listing import Entry, activity_folders, list_entries, split_root


@dataclass(frozen=True)
class FolderDataset(ImageFolderBase):
    """Frames in folders; see :func:`robustbench_endo.data.file_listing.list_entries` for the layouts.

    Args:
        root: the data folder.
        split: name of a sub-folder; None: ``test`` where there is one, else the root itself.
        class_names: names of the mask labels, background first; None: ``classes.txt`` in the root (one name per
            line), else as many as the masks of the split use.
        subject_regex: regular expression for the patient or sequence in a frame's id, see
            :func:`robustbench_endo.data.subjects.subject_of`.

    Raises:
        DataError: no such folder or split, no frame, a frame without mask.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for kind, mode in (("image", "RGB"), ("mask", "L")):
    ...         folder = Path(root) / "test" / "cutting" / kind
    ...         folder.mkdir(parents=True)
    ...         Image.new(mode, (64, 48)).save(folder / "patient1_07.png")
    ...     data = FolderDataset(Path(root))
    ...     data.ids, data.subjects, data.activities, data[0].mask.shape
    (['test/cutting/image/patient1_07.png'], ['patient1'], ('cutting',), torch.Size([48, 64]))
    """

    root: Path
    split: str | None = None
    class_names: tuple[str, ...] | None = None
    subject_regex: str | None = None

    name = "folder"

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The frames, sorted by id."""
        return list_entries(self.root, split_root(self.root, self.split))

    @cached_property
    def activities(self) -> tuple[str, ...]:
        """Names of the activity folders over all splits, sorted; empty when the layout has none."""
        return activity_folders(self.root, split_root(self.root, self.split))

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the mask labels."""
        if self.class_names is not None:
            return self.class_names
        names = read_class_names(self.root)
        return numbered_class_names(highest_label(self._readable_masks())) if names is None else names
