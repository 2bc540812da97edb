"""transformers' semantic segmentation (extra `hf`) from a local folder or the hub: ``hf:NAME``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from robustbench_endo.errors import ModelError, import_optional
from robustbench_endo.io_utils import file_sha256
from robustbench_endo.models.external.io_spec import IOSpec, LoadedModel

FILE_SUFFIXES = (".json", ".safetensors", ".bin")
"""Files of ``save_pretrained`` that determine a model."""

PROCESSOR = "preprocessor_config.json"
"""File of ``save_pretrained`` with the settings of the image processor."""

TASK = "segmentation"
"""The task of the models of ``AutoModelForSemanticSegmentation``."""


class LogitsOnly(nn.Module):
    """A transformers model as images -> segmentation logits (B, C, h, w) at its own resolution."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Logits by task."""
        return {TASK: self.model(pixel_values=images).logits}


def is_huggingface_folder(path: Path) -> bool:
    """Whether a folder contains the files that ``save_pretrained`` of transformers writes."""
    config = path / "config.json"
    return config.is_file() and b'"model_type"' in config.read_bytes()


def load_huggingface(name: str) -> LoadedModel:
    """A model of ``AutoModelForSemanticSegmentation``, with the preprocessing of its image processor if it has one.

    Code from the hub is never run, and pickled weights are only read as tensors.

    Raises:
        OptionalDependencyError: transformers is not installed.
        ModelError: no such folder or hub model, no network, or another kind of model.
    """
    transformers = import_optional("transformers", "models from transformers", "hf")
    auto = transformers.AutoModelForSemanticSegmentation
    try:
        model, info = auto.from_pretrained(name, trust_remote_code=False, output_loading_info=True)
    except (OSError, ValueError, RuntimeError, LookupError, ImportError) as error:
        raise ModelError(
            f"Cannot load a transformers model for semantic segmentation from {name!r}: "
            f"{str(error).strip().splitlines()[0]} Check the name; without a network, give the folder that "
            "save_pretrained wrote."
        ) from error
    if fresh := sorted(info["missing_keys"]):
        raise ModelError(
            f"Expected all weights of the model in {name!r}, got {len(fresh)} tensors missing ({fresh[0]}): it "
            "was not trained for segmentation; train it first."
        )
    io_spec = _preprocessing(transformers, name)
    classes = tuple(str(label) for _, label in sorted(model.config.id2label.items()))
    return LoadedModel(
        LogitsOnly(model),
        io_spec or IOSpec(),
        {TASK: classes},
        _weights_sha256(Path(name)),
        _files(Path(name)),
        "" if io_spec else PROCESSOR,
    )


def _preprocessing(transformers: Any, name: str) -> IOSpec | None:
    """The settings of the image processor, None without one."""
    try:
        settings, _ = transformers.image_processing_base.ImageProcessingMixin.get_image_processor_dict(name)
    except (OSError, AttributeError, json.JSONDecodeError):
        return None
    size = _size(settings.get("size")) if settings.get("do_resize", True) else None
    return replace(read_preprocessing(settings), input_size=size)


def read_preprocessing(settings: Mapping[str, Any]) -> IOSpec:
    """The range and normalisation of the settings of an image processor, without its size."""
    factor = float(settings.get("rescale_factor") or 1 / 255) * 255 if settings.get("do_rescale", True) else 255.0
    offset = -1.0 if settings.get("offset") else 0.0
    normalised = settings.get("do_normalize", True) and settings.get("image_mean") and settings.get("image_std")
    return IOSpec(
        value_range=(offset, factor + offset),
        mean=tuple(settings["image_mean"]) if normalised else None,
        std=tuple(settings["image_std"]) if normalised else None,
        channel_order="BGR" if settings.get("do_flip_channel_order") else "RGB",
    )


def _size(size: object) -> tuple[int, int] | None:
    if isinstance(size, int):
        return size, size
    if isinstance(size, Mapping) and {"height", "width"} <= set(size):
        return int(size["height"]), int(size["width"])
    return None  # a short side, say: the model takes frames of any size


def _files(folder: Path) -> tuple[Path, ...]:
    """The settings and weights in a local folder; none for a name on the hub."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(file.resolve() for file in folder.iterdir() if file.suffix in FILE_SUFFIXES))


def _weights_sha256(folder: Path) -> str | None:
    weights = folder / "model.safetensors"
    return file_sha256(weights) if weights.is_file() else None
