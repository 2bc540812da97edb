"""A model of transformers with the preprocessing of its image processor, on tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.errors import ModelError
from robustbench_endo.models.external.hf import read_preprocessing
from robustbench_endo.models.external.io_spec import IOSpec
from robustbench_endo.models.external.wrapper import ExternalModel, preprocess
from robustbench_endo.models.labels import LabelSpace, label_spaces, set_labels
from robustbench_endo.types import ACTIVITY, MASK

RESAMPLING: Mapping[int, str] = {0: "nearest-exact", 2: "bilinear", 3: "bicubic"}
"""Filters of Pillow, by their number in an image processor -> modes of torch."""

UNSUPPORTED = ("do_center_crop", "do_pad", "do_thumbnail", "do_align_long_axis")
"""Steps of image processors after which a segmentation no longer covers the frame."""


def from_transformers(model: nn.Module, processor: Any, *, name: str | None = None) -> ExternalModel:
    """A model of transformers, as one that takes RGB frames in [0, 1].

    Frames are resized, rescaled and normalised as the image processor says, on tensors and on the model's device; its
    ``logits`` are those of the segmentation (B, C, h, w) or the activity (B, K).

    Args:
        model: such as ``SegformerForSemanticSegmentation``; its output has ``logits``.
        processor: its image processor, or the settings of one as a dict.
        name: in results; by default the name that the model was loaded by, else its class.

    Returns:
        A model for :func:`evaluate`, in eval mode; ``model`` is part of it and is not changed.

    Raises:
        ModelError: no model or image processor, or a processor that crops or pads frames.
    """
    if not isinstance(model, nn.Module):
        raise ModelError(f"Expected a model of transformers, got {type(model).__name__}: give the loaded network.")
    settings = _settings(processor)
    for step in UNSUPPORTED:
        if settings.get(step):
            raise ModelError(
                f"Expected an image processor that resizes and normalises, got one with {step}: set it to False, so "
                "that the prediction covers the frame."
            )
    size, filter_ = settings.get("size"), settings.get("resample")
    mode = RESAMPLING.get(2 if filter_ is None else int(filter_))
    if mode is None:
        raise ModelError(f"Expected the resampling of Pillow 0, 2 or 3, got {filter_}: set processor.resample.")
    spec = name or getattr(getattr(model, "config", None), "name_or_path", "") or type(model).__name__
    resize = size if settings.get("do_resize", True) else None
    wrapped = ExternalModel(ProcessedModel(model, read_preprocessing(settings), resize, mode), spec)
    _set_names(wrapped, model)
    return wrapped


class ProcessedModel(nn.Module):
    """Frames in [0, 1] -> logits of a model of transformers.

    Args:
        model: takes ``pixel_values``.
        io_spec: range and normalisation of the pixels.
        size: of the image processor: a height and width, a ``shortest_edge``, or a number; None = frames as they are.
        mode: of :func:`torch.nn.functional.interpolate`.
    """

    def __init__(self, model: nn.Module, io_spec: IOSpec, size: Any, mode: str) -> None:
        super().__init__()
        self.model = model
        self.io_spec = io_spec
        self.size = dict(size) if isinstance(size, Mapping) else size
        self.mode = mode

    def forward(self, images: Tensor) -> Tensor:
        """The logits of the model."""
        pixels = preprocess(self.resize(images), self.io_spec, None)
        output = self.model(pixel_values=pixels)
        logits = getattr(output, "logits", None)
        if not isinstance(logits, Tensor):
            raise ModelError(
                f"Expected logits from {type(self.model).__name__}, got {type(output).__name__} without: convert its "
                "output to logits (B, C, h, w) in a function of your own."
            )
        return logits

    def resize(self, images: Tensor) -> Tensor:
        """The images at the size of the processor, with its filter."""
        size = target_size(self.size, (images.shape[2], images.shape[3]))
        if size == tuple(images.shape[2:]):
            return images
        if self.mode == "nearest-exact":
            return F.interpolate(images, size, mode=self.mode)
        # As image libraries do it: first the rows, then the columns, each without overshoot.
        for sides in ((images.shape[2], size[1]), size):
            images = F.interpolate(images, sides, mode=self.mode, antialias=True).clamp(0, 1)
        return images


def target_size(size: Any, frame: tuple[int, int]) -> tuple[int, int]:
    """The size (height, width) to which an image processor resizes a frame.

    >>> target_size({"height": 512, "width": 512}, (480, 640)), target_size({"shortest_edge": 240}, (480, 640))
    ((512, 512), (240, 320))
    """
    if size is None:
        return frame
    if isinstance(size, Mapping) and {"height", "width"} <= set(size):
        return int(size["height"]), int(size["width"])
    if isinstance(size, Mapping) and "shortest_edge" in size:
        short, longest = int(size["shortest_edge"]), size.get("longest_edge")
        factor = short / min(frame)
        if longest is not None:
            factor = min(factor, int(longest) / max(frame))
        return int(frame[0] * factor), int(frame[1] * factor)
    if isinstance(size, int):
        return size, size
    raise ModelError(
        f"Expected a processor size with height and width or shortest_edge, got {size}: set processor.size."
    )


def _settings(processor: Any) -> dict[str, Any]:
    """The settings of an image processor, or of the one in a processor of several inputs."""
    processor = getattr(processor, "image_processor", processor)
    settings = processor.to_dict() if hasattr(processor, "to_dict") else processor
    if not isinstance(settings, Mapping) or not any(str(key).startswith("do_") for key in settings):
        raise ModelError(
            f"Expected an image processor, got {type(processor).__name__}: load it by "
            "AutoImageProcessor.from_pretrained(...)."
        )
    return dict(settings)


def _set_names(wrapped: ExternalModel, model: nn.Module) -> None:
    """Set the names of the model's labels, where its configuration has other ones than numbers."""
    names = getattr(getattr(model, "config", None), "id2label", None) or {}
    labels = tuple(str(label) for _, label in sorted(names.items()))
    numbered = all(label.startswith("LABEL_") for label in labels)
    task = ACTIVITY if "Classification" in type(model).__name__ else MASK
    space = LabelSpace(len(labels) or None, () if numbered else labels)
    set_labels(wrapped, {**label_spaces(), task: space})
