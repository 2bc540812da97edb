"""segmentation-models-pytorch (extra `smp`): ``smp:ARCH/ENCODER[@key=value,...]`` or ``smp:ARCH@encoder=...``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from robustbench_endo.errors import ModelError, unknown_name
from robustbench_endo.models.checkpoint import sha256
from robustbench_endo.models.external.io_spec import Adapter
from robustbench_endo.models.external.loaded import LoadedModel, required
from robustbench_endo.models.options import parse_options
from robustbench_endo.models.weights import load_weights, read_weights

OPTIONS = ("encoder", "classes", "weights")
USUAL = Adapter(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), multiple_of=32)
"""What the library's encoders are trained with (ImageNet), and the stride of its deepest features."""


def load_smp(text: str, num_classes: int | None) -> LoadedModel:
    """A network of the library, with weights from a local file or fresh; nothing is downloaded.

    Args:
        text: what follows ``smp:``; options ``encoder``, ``weights`` (a file) and ``classes`` (instead of the data's).

    Raises:
        OptionalDependencyError: the library is not installed.
        UnknownNameError: an architecture, encoder or option that it does not have.
        ModelError: options that do not fit each other, or weights that do not fit.
    """
    library = required("segmentation_models_pytorch", "smp")
    name, _, rest = text.partition("@")
    architecture, _, encoder = name.partition("/")
    options = parse_options(rest)
    for key in options:
        if key not in OPTIONS:
            raise unknown_name("smp option", key, OPTIONS)
    encoder = encoder or options.get("encoder", "resnet34")
    _check_names(library, architecture, encoder)
    model = _made(library, architecture, encoder, _count(options, num_classes, text))
    if "weights" not in options:
        return LoadedModel(model, USUAL)
    weights = Path(options["weights"])
    load_weights(model, read_weights(weights), str(weights))
    return LoadedModel(model, USUAL, sha256=sha256(weights))


def _check_names(library: Any, architecture: str, encoder: str) -> None:
    base = library.base.SegmentationModel
    kinds = [name for name, kind in vars(library).items() if isinstance(kind, type) and issubclass(kind, base)]
    if architecture.lower() not in map(str.lower, kinds):
        raise unknown_name("smp architecture", architecture, kinds)
    encoders = library.encoders.get_encoder_names()
    if encoder not in encoders and not encoder.startswith("tu-"):  # tu-NAME: any encoder of timm
        raise unknown_name("smp encoder", encoder, encoders)


def _count(options: dict[str, str], num_classes: int | None, text: str) -> int:
    given = options.get("classes", num_classes)
    if given is None or not str(given).isdecimal() or int(given) < 1:
        raise ModelError(
            f"Expected the number of classes of 'smp:{text}', got {given or 'none'}: give num_classes or the option "
            "classes=N."
        )
    return int(given)


def _made(library: Any, architecture: str, encoder: str, classes: int) -> nn.Module:
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
