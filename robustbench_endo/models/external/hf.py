"""transformers' semantic segmentation (extra `hf`) from a local folder or the hub: ``hf:NAME``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from robustbench_endo.errors import ModelError
from robustbench_endo.models.checkpoint import sha256
from robustbench_endo.models.external.io_spec import Adapter
from robustbench_endo.models.external.loaded import LoadedModel, required


class LogitsOnly(nn.Module):
    """A transformers model as images -> segmentation logits (B, C, h, w) at its own resolution."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """The contract's dict."""
        return {"segmentation": self.model(pixel_values=images).logits}


def is_huggingface_folder(path: Path) -> bool:
    """Whether a folder holds what ``save_pretrained`` of transformers writes."""
    config = path / "config.json"
    return config.is_file() and b'"model_type"' in config.read_bytes()


def load_huggingface(name: str) -> LoadedModel:
    """A model of ``AutoModelForSemanticSegmentation``, prepared as its image processor says.

    Code from the hub is never run, and pickled weights are only read as tensors.

    Raises:
        OptionalDependencyError: transformers is not installed.
        ModelError: no such folder or hub model, no network, or another kind of model.
    """
    transformers = required("transformers", "hf")
    auto = transformers.AutoModelForSemanticSegmentation
    try:
        model, info = auto.from_pretrained(name, trust_remote_code=False, output_loading_info=True)
    except (OSError, ValueError, RuntimeError, LookupError, ImportError) as error:
        raise ModelError(
            f"Expected a transformers model for semantic segmentation in the folder or hub repository {name!r}, got: "
            f"{str(error).strip().splitlines()[0]} Check the name; without a network, give the folder that "
            "save_pretrained wrote."
        ) from error
    if fresh := sorted(info["missing_keys"]):
        raise ModelError(
            f"Expected the weights of the whole model in {name!r}, got {len(fresh)} tensors missing ({fresh[0]}): it "
            "was not trained for segmentation; train it first."
        )
    classes = tuple(str(label) for _, label in sorted(model.config.id2label.items()))
    return LoadedModel(LogitsOnly(model), _preparation(transformers, name), classes, _digest(Path(name)))


def _preparation(transformers: Any, name: str) -> Adapter:
    """The image processor's settings; none of them where there is no such file."""
    try:
        settings, _ = transformers.image_processing_base.ImageProcessingMixin.get_image_processor_dict(name)
    except (OSError, AttributeError, json.JSONDecodeError):
        return Adapter()
    factor = float(settings.get("rescale_factor") or 1 / 255) * 255 if settings.get("do_rescale", True) else 255.0
    offset = -1.0 if settings.get("offset") else 0.0
    normalised = settings.get("do_normalize", True) and settings.get("image_mean") and settings.get("image_std")
    return Adapter(
        input_size=_size(settings.get("size")) if settings.get("do_resize", True) else None,
        value_range=(offset, factor + offset),
        mean=tuple(settings["image_mean"]) if normalised else None,
        std=tuple(settings["image_std"]) if normalised else None,
    )


def _size(size: object) -> tuple[int, int] | None:
    if isinstance(size, int):
        return size, size
    if isinstance(size, Mapping) and {"height", "width"} <= set(size):
        return int(size["height"]), int(size["width"])
    return None  # a short side, say: the model takes frames of any size


def _digest(folder: Path) -> str | None:
    weights = folder / "model.safetensors"
    return sha256(weights) if weights.is_file() else None
