"""The data of :func:`rb.evaluate`: a data set, or the name or folder of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from robustbench_endo.corruptions.suite import Resolution
from robustbench_endo.data import load_dataset
from robustbench_endo.data.resolution import target_size
from robustbench_endo.errors import DataError, FrameError, RobustEndoError
from robustbench_endo.types import Dataset, Sample

ATTRIBUTES = ("name", "classes", "activities", "ids", "subjects")
"""What a data set has besides a length and frames by index."""

DEFAULT_SIZE = 128, 160
"""Height and width of a dry run where the first frame cannot be read."""

_FIX = "load_dataset(...), rb.from_torch(dataset, classes=[...]) or rb.from_huggingface(dataset)"


def as_dataset(data: object) -> Dataset:
    """The data set of a call.

    Args:
        data: a data set, or what :func:`~robustbench_endo.data.load_dataset` takes: a name, a folder, a CSV file.

    Raises:
        DataError: another object; names the function that makes a data set of it.
        RobustEndoError: no data set of that name.

    >>> as_dataset("synthetic@frames=2").name
    'synthetic'
    """
    if isinstance(data, (str, Path)):
        return load_dataset(data)
    if isinstance(data, type):
        raise DataError(f"Expected data to be a data set, got the class {data.__name__}: create it first.")
    missing = [name for name in ATTRIBUTES if not _has(data, name)]
    if not missing and hasattr(data, "__len__") and hasattr(data, "__getitem__"):
        dataset: Dataset = data  # type: ignore[assignment]  # it has the attributes of the protocol
        return dataset
    raise _no_dataset(data, missing)


def frame_size(dataset: Dataset, indices: Sequence[int], resolution: Resolution) -> tuple[int, int]:
    """Height and width of the first frame that can be read, at the resolution of a run.

    Raises:
        DataError: frames that are no samples, or whose image is no uint8 tensor (3, H, W).
    """
    if isinstance(resolution, tuple):
        return resolution
    for index in indices[:3]:
        try:
            sample = _read(dataset, index)
        except FrameError:
            continue
        height, width = sample.image.shape[1:]
        return target_size((height, width), resolution)
    return DEFAULT_SIZE


def _read(dataset: Dataset, index: int) -> Sample:
    try:
        sample: Any = dataset[index]
    except RobustEndoError:
        raise
    except Exception as error:  # the code of a user's data set
        reason = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".: ")
        raise DataError(
            f"Cannot read frame {index} of the data {dataset.name!r}: {reason}. Correct the data set, or raise "
            "robustbench_endo.errors.FrameError for a frame to leave out."
        ) from error
    image = getattr(sample, "image", None)
    if not hasattr(sample, "targets") or not isinstance(image, Tensor):
        raise DataError(
            f"Expected frames of the data {dataset.name!r} as robustbench_endo.types.Sample, got "
            f"{type(sample).__name__}: return Sample.from_labels(image, mask, activity, id, subject), or make a data "
            "set of pairs by rb.from_torch(dataset, classes=[...])."
        )
    if image.dtype != torch.uint8 or image.ndim != 3 or image.shape[0] != 3:
        raise DataError(
            f"Expected images of the data {dataset.name!r} as uint8 (3, H, W), got {image.dtype} "
            f"{tuple(image.shape)} in frame {index}: convert them in the data set."
        )
    return sample  # type: ignore[no-any-return]


def _has(data: object, name: str) -> bool:
    """Whether an object has an attribute, without computing a property."""
    return hasattr(type(data), name) or hasattr(data, name)


def _no_dataset(data: object, missing: Sequence[str]) -> DataError:
    kind = type(data).__name__
    if isinstance(data, torch.nn.Module):
        return DataError(f"Expected data to be a data set, got the network {kind}: write evaluate(models, data).")
    if isinstance(data, Mapping):
        return DataError(f"Expected data to be one data set, got a {kind}: give one of its entries, by {_FIX}.")
    if isinstance(data, Tensor) or kind == "ndarray":
        return DataError(
            f"Expected data to be a data set with targets, got a {kind}: pair images and masks, as in "
            "rb.from_torch(list(zip(images, masks)), classes=[...])."
        )
    if hasattr(data, "features") and hasattr(data, "column_names"):
        return DataError(f"Expected data to be a data set of this package, got {kind}: rb.from_huggingface(dataset).")
    if hasattr(data, "__getitem__") or hasattr(data, "dataset") or hasattr(data, "__iter__"):
        return DataError(
            f"Expected data to have {', '.join(ATTRIBUTES)}, got {kind} without {', '.join(missing) or 'a length'}: "
            "give rb.from_torch(dataset, classes=[...])."
        )
    return DataError(
        f"Expected data to be a data set, a name such as 'synthetic' or a folder, got {kind}: give {_FIX}."
    )
