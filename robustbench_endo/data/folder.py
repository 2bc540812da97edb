"""Data sets in the default folder layout: ``[split/][activity/]image|mask``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from robustbench_endo.data.base import ImageFolderBase, highest_label, numbered_class_names, read_class_names
from robustbench_endo.data.file_listing import (
    STANDARD_SPLITS,
    Entry,
    activity_folders,
    data_root,
    list_entries,
    split_folders,
    split_root,
)
from robustbench_endo.data.label_map import LabelMap, find_label_map


@dataclass(frozen=True)
class FolderDataset(ImageFolderBase):
    """Frames in folders; see :func:`robustbench_endo.data.file_listing.list_entries` for the layouts.

    Args:
        root: the data folder.
        split: name of a sub-folder; None: ``test`` where there is one, else the root itself.
        class_names: names of the mask labels, background first; None: ``classes.txt`` in the root or the split's
            folder (one name per line), else those of the label map, else as many as the masks of the split use.
        subject_regex: regular expression for the patient or sequence in a frame's path below the root, see
            :func:`robustbench_endo.data.subjects.subject_of`.
        label_map: values of the masks and their names, such as ``0=background,255=instrument``; None: ``labels.toml``
            in the root or the split's folder, else the values are the class indices.
        assume_independent_frames: whether every frame is its own subject.

    Ids are relative to the split's folder, so that a frame has the same id, and the same corruptions, whether the root
    or the split's folder is given.

    Raises:
        DataError: no such folder or split, no frame, an invalid label map.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for kind, mode in (("image", "RGB"), ("mask", "L")):
    ...         folder = Path(root) / "test" / "cutting" / kind
    ...         folder.mkdir(parents=True)
    ...         Image.new(mode, (64, 48)).save(folder / "patient1_07.png")
    ...     data = FolderDataset(Path(root))
    ...     data.ids, data.subjects, data.activities, data[0].mask.shape
    (['cutting/image/patient1_07.png'], ['patient1'], ('cutting',), torch.Size([48, 64]))
    """

    root: Path
    split: str | None = None
    class_names: tuple[str, ...] | None = None
    subject_regex: str | None = None

    label_map: str | None = None
    assume_independent_frames: bool = False

    @property
    def name(self) -> str:
        """The folder's name; that of the folder above for a split such as ``test``."""
        folder = self.root.resolve()
        return (folder.parent if folder.name in STANDARD_SPLITS and folder.parent.name else folder).name or "folder"

    @property
    def synthetic(self) -> bool:
        """Whether ``robust-endo synthesize`` composed the images, whose record is in the root."""
        folder = self.root.resolve()
        return ((folder.parent if folder.name in STANDARD_SPLITS else folder) / "synthesis.json").is_file()

    @cached_property
    def folder(self) -> Path:
        """The folder of the split, which ids are relative to."""
        return split_root(self.root, self.split)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The frames, sorted by id."""
        return list_entries(self.folder)

    @cached_property
    def activities(self) -> tuple[str, ...]:
        """Names of the activity folders over all splits, sorted; empty when the layout has none."""
        return activity_folders(split_folders(self.root, self.folder))

    @cached_property
    def labels_of_values(self) -> LabelMap | None:
        """The label map of the call, else that of the folder; None where the values of masks are class indices."""
        return find_label_map(self.label_map, self.folder) or find_label_map(None, self._top)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the mask labels."""
        return self._given_names or numbered_class_names(highest_label(self._readable_masks()))

    @property
    def classes_are_named(self) -> bool:
        """Whether the names of the classes are given, rather than counted from the largest value of the masks."""
        return self._given_names is not None

    @cached_property
    def names_file(self) -> tuple[str, ...] | None:
        """The names in ``classes.txt``; None without that file."""
        return read_class_names(self.folder) or read_class_names(self._top)

    @cached_property
    def _given_names(self) -> tuple[str, ...] | None:
        names = self.class_names or self.names_file
        if names is None and self.labels_of_values is not None:
            names = self.labels_of_values.names
        return names

    @property
    def _top(self) -> Path:
        return data_root(self.root, self.folder)

    def _path(self, entry: Entry) -> str:
        return entry.image.relative_to(self.root).as_posix()
