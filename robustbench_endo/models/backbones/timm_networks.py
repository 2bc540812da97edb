"""Networks and weights from timm: by name, with its own cache, or from a checkpoint of only the backbone.

SurgeNet (github.com/TimJaspers0801/SurgeNet) publishes CAFormer-S18, ConvNeXtV2-tiny and PVTv2-B2 under the names of
their original repositories, which timm translates. As its loaders show, the tensors of a teacher file lie at the top;
under "model" or "teacher", or below "module." or "backbone.", they are found, too. Heads are dropped.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from typing import Any, Literal

from torch import Tensor, nn

from robustbench_endo.errors import ModelError, unknown_name

HEADS = ("head", "fc", "classifier")
WRAPPERS = ("module.", "backbone.", "encoder.")
UNUSED = ("mask_token", "head", "fc.", "classifier", "dino_head", "ibot_head", "local_cls_norm")

Source = Literal["pretrained"] | Mapping[str, Tensor] | None


def timm_network(name: str, source: Source, **arguments: Any) -> nn.Module:
    """The network without its classifier.

    Args:
        name: of ``timm.list_models``, optionally with a tag of weights after a dot.
        source: None = fresh, `"pretrained"`, or tensors under timm's or their original names.

    Raises:
        UnknownNameError: timm has no such network; names the closest.
        ModelError: weights that cannot be loaded or do not fit.
    """
    import timm

    if not timm.is_model(name):
        raise unknown_name("network of timm", name, timm.list_models())
    if source == "pretrained":
        network = _pretrained(name, arguments)
    else:
        network = timm.create_model(name, pretrained=False, num_classes=0, **arguments)
    if source is not None and source != "pretrained":
        _load(network, name, source)
    for head in HEADS:
        if isinstance(getattr(network, head, None), nn.Module):
            setattr(network, head, nn.Identity())
    return network


def licence_of(name: str) -> str:
    """Licence of timm's weights for a network, if timm states one."""
    from timm.models import get_pretrained_cfg

    config = get_pretrained_cfg(name)
    return str((config and config.license) or "not stated by timm")


def _pretrained(name: str, arguments: dict[str, Any]) -> nn.Module:
    import timm

    try:
        return timm.create_model(name, pretrained=True, num_classes=0, **arguments)
    except (OSError, RuntimeError) as error:  # what the hub's client and timm raise: offline, no such file, no weights
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"Cannot load timm's pretrained weights of {name} from its hub or cache: {reason} Connect once so that "
            "they are cached, or give a weight file."
        ) from error


def _load(network: nn.Module, name: str, source: Mapping[str, Tensor]) -> None:
    tensors = _translate_names(network, {_without_wrappers(key): tensor for key, tensor in source.items()})
    state = network.state_dict()
    matching = {key: tensor for key, tensor in tensors.items() if key in state and state[key].shape == tensor.shape}
    missing = [key for key in state if key not in matching and not key.startswith(HEADS)]
    if missing:
        names = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
        raise ModelError(
            f"Expected a checkpoint of the backbone {name}, got {len(missing)} of its {len(state)} tensors missing "
            f"or of another shape ({names}): name the backbone of the checkpoint."
        )
    _refuse_dropped_biases(name, state, source)
    network.load_state_dict(matching, strict=False)


def _refuse_dropped_biases(name: str, state: Mapping[str, Tensor], source: Mapping[str, Tensor]) -> None:
    """timm has DINOv3 without the biases of q and v, which are 0 in Meta's files, and drops any others silently."""
    biases = {_without_wrappers(key): tensor for key, tensor in source.items() if key.endswith(".attn.qkv.bias")}
    dropped = [
        key for key, bias in biases.items() if bias.any() and not {key, key.replace("qkv.bias", "q_bias")} & set(state)
    ]
    if dropped:
        raise ModelError(
            f"Expected weights without biases of q and v for {name}, got {len(dropped)} that are not 0 ({dropped[0]}): "
            "give a network that has them, such as --model timm:vit_base_patch16_dinov3_qkvb/tesla@frozen=yes,"
            "adapter=lora."
        )


def _translate_names(network: nn.Module, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """From the names of the original repository to timm's, by timm's own table for this family."""
    translate = getattr(sys.modules[type(network).__module__], "checkpoint_filter_fn", None)
    backbone = {key: tensor for key, tensor in tensors.items() if not key.startswith(UNUSED[1:])}
    try:
        with redirect_stdout(io.StringIO()):  # timm prints a line for every bias that it drops
            translated: dict[str, Tensor] = translate(backbone, network) if translate else backbone
    except (KeyError, RuntimeError, AttributeError):  # another family: the caller reports what is missing
        return backbone
    return translated


def _without_wrappers(key: str) -> str:
    for wrapper in WRAPPERS:
        key = key.removeprefix(wrapper)
    return key
