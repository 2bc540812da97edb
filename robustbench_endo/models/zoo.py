"""Every backbone with every architecture: names, and the network that a spec string means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from torch import Tensor, nn

from robustbench_endo.errors import ModelError, RobustEndoError, unknown_name
from robustbench_endo.io_utils import parse_options
from robustbench_endo.models.architectures import ARCHITECTURES
from robustbench_endo.models.backbones import BACKBONES, PREFIX, TimmBackbone
from robustbench_endo.models.endoarss_release import EndoARSSRelease
from robustbench_endo.models.labels import Labels, counts_of, label_spaces
from robustbench_endo.models.network import Network
from robustbench_endo.models.options import set_options

ZOO: dict[str, tuple[type, ...]] = {
    **{f"{b.name}/{a.name}": (b, a) for b in BACKBONES for a in ARCHITECTURES},
    EndoARSSRelease.name: (EndoARSSRelease,),
}
"""Name -> the dataclasses of its options. ``timm:<name>/<architecture>`` is accepted as well."""


def is_zoo_spec(spec: str) -> bool:
    """Whether ``spec`` is `backbone/architecture[@key=value,...]` with a known pair, or starts with `timm:`."""
    return spec.partition("@")[0] in ZOO or spec.startswith(PREFIX)


def has_pretrained_trunk(spec: str) -> bool:
    """Whether ``build(spec, ..., trunk="pretrained")`` is possible: timm has the backbone."""
    return is_zoo_spec(spec) and not spec.startswith(("tiny-", EndoARSSRelease.name))


def build(
    spec: str,
    num_classes: int | None = None,
    num_activities: int | None = None,
    trunk: Literal["pretrained"] | Mapping[str, Tensor] | None = None,
    *,
    labels: Labels | None = None,
) -> nn.Module:
    """A freshly initialised network in training mode.

    Args:
        spec: `backbone/architecture[@key=value,...]`.
        num_classes: mask labels; None or 0 = no segmentation head.
        num_activities: activities; None or 0 = no activity head.
        trunk: weights of the encoders: None = fresh, `"pretrained"` = timm's own (downloaded once), or the tensors of
            a checkpoint of only the backbone. Heads, gates and adapters are always fresh.
        labels: task -> number or names of its labels; the general form of ``num_classes`` and ``num_activities``.

    Raises:
        UnknownNameError: an unknown name or option; lists the closest matches.
        ModelError: no task, options that do not fit each other, or trunk weights that cannot be loaded or do not fit.

    >>> import torch
    >>> network = build("tiny-resnet/mmoe@experts=3", labels={"segmentation": 7, "activity": 3})
    >>> {task: tuple(logits.shape) for task, logits in network(torch.zeros(2, 3, 160, 208)).items()}
    {'segmentation': (2, 7, 160, 208), 'activity': (2, 3)}
    """
    name, _, options = spec.partition("@")
    kinds = _kinds(name)
    spaces = label_spaces(labels, num_classes=num_classes, num_activities=num_activities)
    if not counts_of(spaces):
        raise ModelError(
            f"Expected num_classes or num_activities for {spec!r}, got neither: say how many labels it predicts."
        )
    if trunk is not None and not has_pretrained_trunk(spec):
        raise ModelError(f"Expected a backbone with pretrained weights, got {spec!r}: there are none for its trunk.")
    settings = set_options(kinds, parse_options(options, ModelError))
    if isinstance(settings[0], EndoARSSRelease):
        return settings[0].build(spaces)
    backbone, architecture = settings
    if isinstance(backbone, TimmBackbone):
        backbone = replace(backbone, network=name.rpartition("/")[0].removeprefix(PREFIX))
    try:
        return Network(spec, replace(backbone, trunk=trunk), architecture, spaces)
    except RobustEndoError:
        raise
    except (AssertionError, ArithmeticError, ValueError, RuntimeError) as error:
        raise ModelError(f"Expected options that fit each other in {spec!r}, got: {error}") from error


def _kinds(name: str) -> tuple[type, ...]:
    if name.startswith(PREFIX):
        network, _, architecture = name.rpartition("/")
        architectures = {a.name: a for a in ARCHITECTURES}
        if network and architecture in architectures:
            return TimmBackbone, architectures[architecture]
        raise unknown_name("model", name, [f"{network or name}/{a}" for a in architectures])
    if name not in ZOO:
        raise unknown_name("model", name, ZOO)
    return ZOO[name]
