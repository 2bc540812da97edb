"""Selection of the corruptions of a run, and the package imagecorruptions as an alternative backend.

The backend ``imagecorruptions`` (extra `imagecorruptions`) is meant for cross-checks. The package draws from global
random generators; they are seeded from the key of every image and restored, under a lock, so that a run is
reproducible on one installation. Other versions of numpy, scikit-image or OpenCV may give other pixels. The package
reports no displacements: masks do not move.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Corruption, Region
from robustbench_endo.corruptions.compound import SEPARATOR
from robustbench_endo.corruptions.errors import CorruptionError, import_optional, unknown_name
from robustbench_endo.corruptions.functional import to_bytes
from robustbench_endo.corruptions.imagecorruptions_api import PACKAGE_NAMES
from robustbench_endo.corruptions.kernels.backend import Bytes
from robustbench_endo.corruptions.pairwise import PAIRWISE
from robustbench_endo.corruptions.registry import CORRUPTIONS
from robustbench_endo.corruptions.rng import Noise
from robustbench_endo.corruptions.severity import SEVERITIES
from robustbench_endo.corruptions.suite import Suite
from robustbench_endo.corruptions.suite_file import load_suite

BACKENDS = ("builtin", "imagecorruptions")

PACKAGE = "imagecorruptions-imaug"

_SEEDED = ("impulse_noise", "glass_blur")
"""Corruptions of the package that take a seed instead of drawing from numpy's global generator."""

_LOCK = threading.Lock()


@dataclass(frozen=True)
class Selection:
    """The corruptions of a run.

    Attributes:
        suite: the suite.
        names: names of the selected corruptions, in the order of the suite.
        notes: sentences that a reader of the results must know.

    >>> from robustbench_endo.corruptions import select
    >>> selection = select("imagenet-c", "blur")
    >>> selection.suite.name, len(selection.names), selection.notes
    ('imagenet-c', 5, ())
    """

    suite: Suite
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def select(suite: str | Path | Suite, names: str | Sequence[str], backend: str = "builtin") -> Selection:
    """Select the suite and the corruptions of a run.

    Args:
        suite: a suite, its name, or the path of its TOML file. The backend ``imagecorruptions`` uses only its names and
            its resolution: severities are the package's, in pixels of the image.
        names: "all", a category, names separated by commas, or a sequence of them.
        backend: "builtin", or "imagecorruptions".

    Raises:
        UnknownNameError: an unknown suite, corruption or backend.
        CorruptionError: a corruption selected by name that the package lacks.
        OptionalDependencyError: the package is not installed.

    >>> from robustbench_endo.corruptions import select
    >>> select("endo19", "smoke,noise").names
    ('gaussian_noise', 'shot_noise', 'impulse_noise', 'speckle_noise', 'smoke')
    """
    loaded = suite if isinstance(suite, Suite) else load_suite(suite)
    if backend not in BACKENDS:
        raise unknown_name("backend", backend, BACKENDS)
    if backend == "builtin":
        selected = loaded.select(names)
        compounds = [loaded.get(name) for name in selected if SEPARATOR in name]
        return Selection(loaded.with_corruptions(*compounds) if compounds else loaded, selected)
    supported, unsupported = select_imagecorruptions(loaded, names)
    package_suite = imagecorruptions_suite(loaded)
    notes = [
        f"The corruptions and their severities are those of {package_suite.name}; masks do not move with the image."
    ]
    if unsupported:
        notes.append(f"Left out, because that package lacks them: {', '.join(unsupported)}.")
    return Selection(package_suite, supported, tuple(notes))


@dataclass(frozen=True)
class ImagecorruptionsParams:
    """Parameters of a corruption of the package.

    Attributes:
        severity: severity of the package, 1 to 5.
        package: name and version of the package, so that a run is not resumed with another version.
    """

    severity: Annotated[int, "of the package"]
    package: str = PACKAGE


@dataclass(frozen=True)
class ImagecorruptionsCorruption(Corruption):
    """A corruption of the package; :func:`imagecorruptions_suite` creates a subclass for each name."""

    name: ClassVar[str] = "imagecorruptions"

    severities: tuple[ImagecorruptionsParams, ...] = tuple(ImagecorruptionsParams(severity) for severity in SEVERITIES)
    region: Region = "frame"

    def apply(self, images: Tensor, params: ImagecorruptionsParams, noise: Noise) -> Tensor:
        """The package's result for each image, from and to 8 bits."""
        arrays = to_bytes(images).permute(0, 2, 3, 1).cpu().numpy()
        pairs = zip(arrays, noise.keys, strict=True)
        corrupted = np.stack([_corrupt_image(image, self.name, params.severity, key) for image, key in pairs])
        return torch.from_numpy(corrupted).to(images.device).permute(0, 3, 1, 2) / 255


def imagecorruptions_suite(suite: Suite) -> Suite:
    """The corruptions of ``suite`` that the package has, with its severities, at the resolution of ``suite``.

    Raises:
        OptionalDependencyError: the package is not installed.
        CorruptionError: the package has none of the suite's corruptions.
    """
    _corrupt_function()
    label = f"{PACKAGE} {version(PACKAGE)}"
    severities = tuple(ImagecorruptionsParams(severity, label) for severity in SEVERITIES)
    supported = tuple(_convert(item, severities) for item in suite.corruptions if item.name in imagecorruptions_names())
    if not supported:
        raise CorruptionError(f"Expected a suite with corruptions that {PACKAGE} has, got {', '.join(suite.names)}.")
    name = f"{label} at the resolution of {suite.name}"
    return dataclasses.replace(suite, name=name, reference_size=None, corruptions=supported)


def select_imagecorruptions(suite: Suite, names: str | Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The selected names of ``suite`` that the package has, and those that it lacks.

    "all" and categories may include corruptions that the package lacks; a corruption selected by name must exist.

    Raises:
        UnknownNameError: an unknown name.
        CorruptionError: a name that the package lacks, or no name that it has.
    """
    selected = suite.select(names)
    words = [word.strip() for word in (names.split(",") if isinstance(names, str) else names)]
    if compounds := [word for word in words if word == PAIRWISE or SEPARATOR in word]:
        raise CorruptionError(
            f"Expected single corruptions with the backend {PACKAGE}, got {compounds[0]}: use the backend builtin."
        )
    supported = tuple(name for name in selected if name in imagecorruptions_names())
    missing = [word for word in words if word in suite.names and word not in imagecorruptions_names()]
    if missing or not supported:
        raise CorruptionError(
            f"Expected corruptions that {PACKAGE} has, got {', '.join(missing or selected)}: leave them out, "
            "or use the backend builtin."
        )
    return supported, tuple(name for name in selected if name not in supported)


def imagecorruptions_names() -> tuple[str, ...]:
    """Names of the registered corruptions that the package has, in the order of the registry."""
    return tuple(item.name for item in CORRUPTIONS if item.name in PACKAGE_NAMES)


def _convert(item: Corruption, severities: tuple[ImagecorruptionsParams, ...]) -> Corruption:
    attributes = {name: getattr(item, name) for name in ("name", "category", "cause", "stochastic")}
    attributes["citation"] = severities[0].package
    # The class name is part of the fingerprint in the records of runs: renaming it would prevent resuming them.
    name = f"Reference{type(item).__name__}"
    subclass: type[ImagecorruptionsCorruption] = type(name, (ImagecorruptionsCorruption,), attributes)
    return subclass(severities)


def _corrupt_image(image: Bytes, name: str, severity: int, key: int) -> Bytes:
    seed = key & 0xFFFFFFFF
    options = {"seed": seed} if name in _SEEDED else {}
    with _LOCK:
        # The package reads numpy's global generator: it takes no Generator.
        state = np.random.get_state()  # noqa: NPY002
        np.random.seed(seed)  # noqa: NPY002
        try:
            corrupted: Bytes = _corrupt_function()(image, severity, name, **options)
        finally:
            np.random.set_state(state)  # noqa: NPY002
    return corrupted


def _corrupt_function() -> Callable[..., Any]:
    package = import_optional("imagecorruptions", purpose="the backend imagecorruptions", extra="imagecorruptions")
    function: Callable[..., Any] = package.corrupt
    return function
