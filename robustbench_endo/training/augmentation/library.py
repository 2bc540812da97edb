"""albumentations, imported when needed (extra `train`)."""

from __future__ import annotations

import os
from typing import Any

from robustbench_endo.errors import OptionalDependencyError


def albumentations_library() -> Any:
    """The module.

    Raises:
        OptionalDependencyError: albumentations is not installed.
    """
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it asks the network for newer versions on import
    try:
        import albumentations
    except ImportError as error:
        raise OptionalDependencyError(
            "Expected albumentations for augmentation, found it not installed: install robustbench-endo[train] or "
            "train with augment='none'."
        ) from error
    return albumentations
