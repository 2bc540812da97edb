"""From `auto`, `cpu`, `cuda`, `mps` to a device that is there."""

from __future__ import annotations

import torch

from robustbench_endo.errors import RobustEndoError


def choose_device(name: str) -> torch.device:
    """The device of a name; ``auto`` takes a GPU where there is one.

    Raises:
        RobustEndoError: a name torch does not know, or a device that this machine lacks.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise RobustEndoError(f"Expected a device such as auto, cpu or cuda:0, found {name!r}.") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise RobustEndoError(
            f"Expected a CUDA device for {name!r}, found {torch.cuda.device_count()} on this machine: "
            "use --device cpu or auto."
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise RobustEndoError(f"Expected an Apple GPU for {name!r}, found none: use --device cpu or auto.")
    return device
