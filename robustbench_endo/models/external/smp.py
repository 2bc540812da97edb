"""segmentation-models-pytorch (extra `smp`): ``smp:ARCH/ENCODER[@key=value,...]`` or ``smp:ARCH@encoder=...``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from robustbench_endo.errors import ModelError, import_optional, unknown_name
from robustbench_endo.io_utils import file_sha256, parse_options
from robustbench_endo.models.external.io_spec import IOSpec, LoadedModel
from robustbench_endo.models.labels import LabelSpaces
from robustbench_endo.models.weights import load_weights, read_weights

OPTIONS = ("encoder", "classes", "weights")
IMAGENET = IOSpec(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), multiple_of=32)
"""Normalisation that the library's encoders are trained with, and the stride of its deepest features."""

TASK = "segmentation"


def load_smp(text: str, labels: LabelSpaces) -> LoadedModel:
    """A network of the library, with weights from a local file or fresh; nothing is downloaded.

    Args:
        text: what follows ``smp:``; options ``encoder``, ``weights`` (a file) and ``classes`` (instead of the data's).
        labels: of the model that is requested.

    Raises:
        OptionalDependencyError: the library is not installed.
        UnknownNameError: an architecture, encoder or option that it does not have.
        ModelError: options that do not fit each other, or weights that do not fit.
    """
    library = import_optional("segmentation_models_pytorch", "models of the library", "smp")
    name, _, rest = text.partition("@")
    architecture, _, encoder = name.partition("/")
    options = parse_options(rest, ModelError)
    for key in options:
        if key not in OPTIONS:
            raise unknown_name("smp option", key, OPTIONS)
    encoder = encoder or options.get("encoder", "resnet34")
    _check_names(library, architecture, encoder)
    model = _build(library, architecture, encoder, _count(options, labels[TASK].count, text))
    if "weights" not in options:
        return LoadedModel(model, IMAGENET)
    weights = Path(options["weights"])
    load_weights(model, read_weights(weights), str(weights))
    return LoadedModel(model, IMAGENET, sha256=file_sha256(weights), files=(weights.resolve(),))


def _check_names(library: Any, architecture: str, encoder: str) -> None:
    base = library.base.SegmentationModel
    kinds = [name for name, kind in vars(library).items() if isinstance(kind, type) and issubclass(kind, base)]
    if architecture.lower() not in map(str.lower, kinds):
        raise unknown_name("smp architecture", architecture, kinds)
    encoders = library.encoders.get_encoder_names()
    if encoder not in encoders and not encoder.startswith("tu-"):  # tu-NAME: any encoder of timm
        raise unknown_name("smp encoder", encoder, encoders)


def _count(options: dict[str, str], num_classes: int | None, text: str) -> int:
    count = options.get("classes", num_classes)
    if count is None or not str(count).isdecimal() or int(count) < 1:
        raise ModelError(
            f"Expected the number of classes of 'smp:{text}', got {count or 'none'}: give num_classes or the option "
            "classes=N."
        )
    return int(count)


def _build(library: Any, architecture: str, encoder: str, classes: int) -> nn.Module:
    try:
        model: nn.Module = library.create_model(
            architecture, encoder_name=encoder, encoder_weights=None, in_channels=3, classes=classes
        )
    except (ValueError, TypeError, RuntimeError, LookupError, NotImplementedError, AttributeError) as error:
        raise ModelError(
            f"Expected an smp architecture and encoder that fit each other, got {architecture} with {encoder}: "
            f"{str(error).strip()}. Choose another encoder."
        ) from error
    return model
