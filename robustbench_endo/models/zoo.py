"""Every backbone with every architecture: names, and the network that a spec string means."""

from __future__ import annotations

from robustbench_endo.errors import ModelError
from robustbench_endo.models.architectures import ARCHITECTURES
from robustbench_endo.models.backbones import BACKBONES
from robustbench_endo.models.network import Network
from robustbench_endo.models.options import parse_options, set_options
from robustbench_endo.plugins import unknown

ZOO = {f"{b.name}/{a.name}": (b, a) for b in BACKBONES for a in ARCHITECTURES}


def is_zoo_spec(spec: str) -> bool:
    """Whether ``spec`` is `backbone/architecture[@key=value,...]` with a known pair."""
    return spec.partition("@")[0] in ZOO


def build(spec: str, num_classes: int | None, num_activities: int | None) -> Network:
    """A freshly initialised network in training mode.

    Args:
        spec: `backbone/architecture[@key=value,...]`.
        num_classes: mask labels; None or 0 = no segmentation head.
        num_activities: activities; None or 0 = no activity head.

    Raises:
        UnknownNameError: an unknown name or option; lists the closest matches.
        ModelError: no task, or options that do not fit each other.
    """
    name, _, options = spec.partition("@")
    if name not in ZOO:
        raise unknown("model", name, ZOO)
    if not (num_classes or num_activities):
        raise ModelError(
            f"Expected num_classes or num_activities for {spec!r}, found neither: say how many labels it predicts."
        )
    backbone, architecture = set_options(ZOO[name], parse_options(options))
    try:
        return Network(spec, backbone, architecture, num_classes or 0, num_activities or 0)
    except (AssertionError, ArithmeticError, ValueError, RuntimeError) as error:
        raise ModelError(f"Expected options that fit each other in {spec!r}, found: {error}") from error
