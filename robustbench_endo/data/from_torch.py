"""Data sets of torch, and any other with a length and items by index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import torch

from robustbench_endo.data.item_dataset import ItemDataset
from robustbench_endo.data.item_names import check_names, item_ids
from robustbench_endo.data.item_reading import ItemKeys, Key, find_keys
from robustbench_endo.data.subjects import ALL_FRAMES, SubjectSource, names_give_subjects, subject_of
from robustbench_endo.errors import DataError, RobustEndoError

Labels = Sequence[str] | Mapping[Any, str]
"""Names of labels by index."""


def from_torch(
    dataset: Any,
    classes: Labels | None = None,
    activities: Labels | None = None,
    *,
    name: str | None = None,
    image: Key | None = None,
    mask: Key | None = None,
    activity: Key | None = None,
    ids: Sequence[str] | None = None,
    subjects: Sequence[str] | None = None,
    subject_regex: str | None = None,
    assume_independent_frames: bool = False,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> ItemDataset:
    """A map-style data set of torch, or a list, as data for :func:`evaluate`.

    Args:
        dataset: with a length and items by index: ``Dataset``, ``Subset``, ``ConcatDataset``, a list, or a
            ``DataLoader``, of which the data set is used. An item is a tuple such as (image, mask),
            (image, mask, activity) or (image, activity), or a dict. Images are RGB, of PIL or arrays or tensors
            (3, H, W) or (H, W, 3), uint8 or floating in [0, 1], which are rounded to 8 bits. Masks are (H, W) or
            (1, H, W) class indices, 255 and negative values = ignore.
        classes: names of the mask labels, background first, by index; needed with masks.
        activities: names of the activities by index; needed with activities.
        name: of the data set; by default its class.
        image, mask, activity: key or position in an item; by default they are recognised by usual names
            (``image``, ``pixel_values``, ``mask``, ``label``, ...), in tuples by their values.
        ids: one stable name per item, which determines the noise; by default an attribute ``ids``, ``paths``,
            ``samples`` or ``imgs`` of the data set, else the index.
        subjects: patient or sequence of each item, the unit of resampling; by default an attribute ``subjects``, else
            what names that are paths say, else unknown: all frames are one subject, and reports say so.
        subject_regex: regular expression for the subject in an id, see
            :func:`robustbench_endo.data.subjects.subject_of`.
        assume_independent_frames: whether every frame is its own subject.
        mean, std: of a normalisation of the images, which is undone.

    Raises:
        DataError: items that cannot be used, no names for their labels, or a data set that gives an item twice
            differently; names the argument that helps.

    >>> import torch, robustbench_endo as rb
    >>> pairs = [(torch.rand(3, 48, 64), torch.randint(0, 2, (48, 64))) for _ in range(2)]
    >>> data = rb.from_torch(pairs, classes=["tissue", "tool"], subjects=["patient 1", "patient 2"])
    >>> data[1].image.shape, data.ids, data.subjects
    (torch.Size([3, 48, 64]), ['0', '1'], ['patient 1', 'patient 2'])
    """
    dataset = _map_style(dataset)
    first = _first(dataset)
    keys = find_keys(first, image, mask, activity)
    class_names, activity_names = _label_names(dataset, keys, classes, activities)
    names = item_ids(dataset) if ids is None else check_names("ids", ids, len(dataset), distinct=True)
    if subjects is None:
        subjects = _attribute(dataset, "subjects")
    if subjects is not None:
        subjects = check_names("subjects", subjects, len(dataset), distinct=False)
    groups, source = _subjects(dataset, names, subjects, subject_regex, assume_independent_frames)
    used, notes = _used(keys, class_names, activity_names)
    label = name or type(_unselected(dataset)).__name__
    normalised = _numbers("mean", mean), _numbers("std", std)
    data = ItemDataset(dataset, used, label, class_names, activity_names, names, groups, source, *normalised, notes)
    _check_first(data)
    return data


def label_names(argument: str, labels: Any) -> tuple[str, ...]:
    """Names of labels in the order of their indices.

    Raises:
        DataError: something else than distinct names for the indices 0, 1, 2, ...

    >>> label_names("classes", {1: "tool", 0: "tissue"})
    ('tissue', 'tool')
    """
    if isinstance(labels, Mapping):
        by_index = {int(key): value for key, value in labels.items() if str(key).isdigit()}
        labels = [by_index.get(index) for index in range(len(labels))]
    names = [] if isinstance(labels, str) or not hasattr(labels, "__iter__") else list(labels)
    if not names or not all(isinstance(each, str) and each for each in names) or len(set(names)) < len(names):
        raise DataError(
            f"Expected {argument} to be a list of different names in the order of their indices, got {labels!r}: write "
            f"{argument}=['background', 'tool'], for example."
        )
    return tuple(names)


def _map_style(dataset: Any) -> Any:
    """The data set of a loader; a DataError for one without length or items by index."""
    kind = type(dataset).__name__
    if isinstance(dataset, torch.utils.data.DataLoader):
        dataset = dataset.dataset
    if isinstance(dataset, Mapping):
        raise DataError(
            f"Expected one data set, got a {kind} of {', '.join(map(str, dataset))}: give one of its entries."
        )
    if (
        isinstance(dataset, (torch.utils.data.IterableDataset, str, type))
        or not hasattr(dataset, "__len__")
        or not hasattr(dataset, "__getitem__")
    ):
        raise DataError(
            f"Expected a data set with a length and items by index, got {kind}: collect the items of an iterable one "
            "in a list, rb.from_torch(list(dataset), ...); folders are read by rb.load_dataset."
        )
    if len(dataset) == 0:
        raise DataError(f"Expected at least one item, got an empty {kind}: check its folder and split.")
    return dataset


def _first(dataset: Any) -> Any:
    try:
        return dataset[0]
    except Exception as error:  # the code of a user's data set
        reason = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".: ")
        raise DataError(
            f"Cannot read the first item of {type(dataset).__name__}: {reason}. Check that dataset[0] works."
        ) from error


def _label_names(
    dataset: Any, keys: ItemKeys, classes: Labels | None, activities: Labels | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the classes and of the activities; empty for a target that items lack or that has no names."""
    for target, argument, key, labels in (
        ("mask", "classes", keys.mask, classes),
        ("activity", "activities", keys.activity, activities),
    ):
        if key is None and labels is not None:
            other = "activities" if target == "mask" else "classes"
            has_other = (keys.activity if target == "mask" else keys.mask) is not None
            instead = f"write {other}= for the labels that they have" if has_other else f"leave {argument}= out"
            raise DataError(
                f"Expected items with the target {target} for {argument}=, got items without: {instead}, or name the "
                f"key or position of the {target} by {target}=."
            )
    if keys.mask is not None and classes is None:
        classes = _attribute(dataset, "classes")
    if keys.activity is not None and activities is None:
        # Data sets for classification call their labels classes.
        activities = _attribute(dataset, "activities" if keys.mask is not None else "classes")
    if classes is None and activities is None:
        argument, key = ("activities", keys.activity) if keys.mask is None else ("classes", keys.mask)
        raise DataError(
            f"Expected {argument}=, the names of the labels in {_entry(key)} of each item, got none: write "
            f"{argument}=[...] in the order of their indices."
        )
    named = classes is not None and keys.mask is not None, activities is not None and keys.activity is not None
    names = label_names("classes", classes) if named[0] else ()
    if len(names) == 1:
        raise DataError(
            f"Expected classes to name every index, the background included, got only {names[0]!r}: write "
            f"classes=['background', {names[0]!r}]."
        )
    return names, label_names("activities", activities) if named[1] else ()


def _entry(key: object) -> str:
    return f"entry {key}" if isinstance(key, int) else repr(key)


def _used(keys: ItemKeys, classes: Sequence[str], activities: Sequence[str]) -> tuple[ItemKeys, tuple[str, ...]]:
    """The keys of the targets whose labels have names, and a note about those without."""
    used = ItemKeys(keys.image, keys.mask if classes else None, keys.activity if activities else None)
    notes = [
        f"The items have {what} in {key!r} that are not evaluated, because {argument}= does not name their labels."
        for what, key, names, argument in (
            ("masks", keys.mask, classes, "classes"),
            ("whole numbers", keys.activity, activities, "activities"),
        )
        if key is not None and not names
    ]
    return used, tuple(notes)


def _unselected(dataset: Any) -> Any:
    """The data set below selections of its items."""
    while getattr(dataset, "indices", None) is not None and getattr(dataset, "dataset", None) is not None:
        dataset = dataset.dataset
    return dataset


def _attribute(dataset: Any, name: str) -> Any:
    """An attribute with several entries, of the data set or, for a selection without subjects, of the one below."""
    values = getattr(dataset, name, None)
    inner, indices = getattr(dataset, "dataset", None), getattr(dataset, "indices", None)
    if values is None and inner is not None and indices is not None:
        values = _attribute(inner, name)
        if values is not None and name == "subjects":
            values = [values[index] for index in indices]
    return values if isinstance(values, (list, tuple, Mapping)) and values else None


def _subjects(
    dataset: Any, ids: Sequence[str], subjects: Sequence[str] | None, pattern: str | None, independent: bool
) -> tuple[Sequence[str], SubjectSource]:
    """The subject of each frame, and where it comes from; never one per frame unless the caller says so."""
    if sum((subjects is not None, pattern is not None, independent)) > 1:
        raise DataError(
            "Expected one of subjects=, subject_regex= and assume_independent_frames=, got several: give one of them."
        )
    if independent:
        return ids, "independent frames"
    if subjects is not None:
        return subjects, "layout"
    if pattern is not None:
        return [subject_of(each, pattern) for each in ids], "regex"
    # The names of all items decide, also where a selection of them is evaluated.
    full = item_ids(_unselected(dataset)) if set(ids) <= set(item_ids(dataset)) else ids
    if not all(each.isdigit() for each in full) and names_give_subjects(full):
        return [subject_of(each) for each in ids], "file names"
    return [ALL_FRAMES] * len(ids), "none"


def _numbers(argument: str, values: Any) -> tuple[float, ...] | None:
    if values is None:
        return None
    numbers = list(values) if hasattr(values, "__iter__") and not isinstance(values, str) else [values]
    if len(numbers) != 3 or not all(isinstance(each, Real) for each in map(_scalar, numbers)):
        raise DataError(f"Expected {argument} to be three numbers, got {values!r}: those of Normalize.")
    return tuple(float(each) for each in numbers)


def _scalar(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _check_first(data: ItemDataset) -> None:
    """Read the first item twice: an error of all items is one of the call, and random transforms are none of a test."""
    try:
        first, again = data[0], data[0]
    except RobustEndoError as error:
        raise DataError(str(error)) from error
    if not torch.equal(first.image, again.image):
        raise DataError(
            f"Expected the same image each time that an item of {data.name} is read, got different ones: leave random "
            "transforms, which are for training, out of the data set."
        )
