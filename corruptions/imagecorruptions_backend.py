"""The package imagecorruptions (extra `imagecorruptions`) in place of our own code, for cross-checks.

Its random numbers come from streams; they are seeded from the key of every image and put back, under a lock, so that a
run is reproducible on one installation. Other versions of numpy, scikit-image or OpenCV may give other pixels. It says
nothing about where pixels went: masks stay where they are.
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
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import SEVERITIES, Corruption
from robustbench_endo.corruptions.errors import CorruptionError, OptionalDependencyError, unknown_name
from robustbench_endo.corruptions.functional import to_bytes
from robustbench_endo.corruptions.rng import Noise
from robustbench_endo.corruptions.suite import Suite
from robustbench_endo.corruptions.suite_file import load_suite

PACKAGE = "imagecorruptions-imaug"

ABSENT = ("bleeding", "smoke", "gamma_correction")
"""Corruptions that the package lacks."""

_SEEDED = ("impulse_noise", "glass_blur")
"""Corruptions of the package that take a seed instead of numpy's global stream."""

_TURN = threading.Lock()


@dataclass(frozen=True)
class Params:
    """severity: the package's own; package: its name and version, so that a run does not go on with another."""

    severity: Annotated[int, "of the package"]
    package: str = PACKAGE


@dataclass(frozen=True)
class ReferenceCorruption(Corruption):
    """A corruption of the package, by name; concrete ones are made by :func:`imagecorruptions_suite`."""

    name: ClassVar[str] = "imagecorruptions"

    severities: tuple[Params, ...] = tuple(Params(severity) for severity in SEVERITIES)

    def apply(self, images: Tensor, params: Params, noise: Noise) -> Tensor:
        """The package's picture, from and to bytes."""
        pictures = to_bytes(images).permute(0, 2, 3, 1).cpu().numpy()
        pairs = zip(pictures, noise.keys, strict=True)
        damaged = np.stack([_damaged(picture, self.name, params.severity, key) for picture, key in pairs])
        return torch.from_numpy(damaged).to(images.device).permute(0, 3, 1, 2) / 255


def imagecorruptions_suite(suite: Suite) -> Suite:
    """``suite`` with the package's corruptions and severities, and without what it lacks; its resolution stays.

    Raises:
        CorruptionError: the package is not installed, or has none of the suite's corruptions.
    """
    _package()
    label = f"{PACKAGE} {version(PACKAGE)}"
    severities = tuple(Params(severity, label) for severity in SEVERITIES)
    kept = tuple(_reference(item, severities) for item in suite.corruptions if item.name in imagecorruptions_names())
    if not kept:
        raise CorruptionError(f"Expected a suite with corruptions that {PACKAGE} has, got {', '.join(suite.names)}.")
    name = f"{label} at the resolution of {suite.name}"
    return dataclasses.replace(suite, name=name, reference_size=None, corruptions=kept)


def select_imagecorruptions(suite: Suite, wanted: str | Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of ``suite`` that are ``wanted``: those that the package has, and those that are left out.

    "all" and categories may leave some out; a corruption asked for by name must be there.

    Raises:
        CorruptionError: an unknown name, one that the package lacks, or nothing that is left.
    """
    chosen = suite.select(wanted)
    words = [word.strip() for word in (wanted.split(",") if isinstance(wanted, str) else wanted)]
    kept = tuple(name for name in chosen if name in imagecorruptions_names())
    lacking = [word for word in words if word in suite.names and word not in imagecorruptions_names()]
    if lacking or not kept:
        raise CorruptionError(
            f"Expected corruptions that {PACKAGE} has, got {', '.join(lacking or chosen)}: leave them out, "
            "or take the backend own."
        )
    return kept, tuple(name for name in chosen if name not in kept)


def imagecorruptions_names() -> tuple[str, ...]:
    """Our corruptions that the package has, in the order of the catalogue."""
    return tuple(name for name in load_suite("endo19").names if name not in ABSENT)


def _reference(item: Corruption, severities: tuple[Params, ...]) -> Corruption:
    about = {"name": item.name, "category": item.category, "cause": item.cause, "citation": severities[0].package}
    kind: type[ReferenceCorruption] = type(f"Reference{type(item).__name__}", (ReferenceCorruption,), about)
    return kind(severities)


def _damaged(picture: NDArray[np.uint8], name: str, severity: int, key: int) -> NDArray[np.uint8]:
    seed = key & 0xFFFFFFFF
    extra = {"seed": seed} if name in _SEEDED else {}
    with _TURN:
        # The package reads numpy's global stream: there is no Generator to give it.
        before = np.random.get_state()  # noqa: NPY002
        np.random.seed(seed)  # noqa: NPY002
        try:
            result: NDArray[np.uint8] = _package()(picture, severity, name, **extra)
        finally:
            np.random.set_state(before)  # noqa: NPY002
    return result


def _package() -> Callable[..., Any]:
    try:
        from imagecorruptions import corrupt
    except ImportError as error:
        raise OptionalDependencyError(
            f"Expected the package {PACKAGE} for this backend, got it not installed: "
            "pip install robustbench-endo[imagecorruptions]."
        ) from error
    function: Callable[..., Any] = corrupt
    return function


BACKENDS = ("own", "imagecorruptions")


@dataclass(frozen=True)
class Selection:
    """What a command runs.

    Attributes:
        suite: the corruptions and the resolution.
        names: of the corruptions, in the suite's order.
        notes: sentences that a reader of the results must know.
    """

    suite: Suite
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def select(suite: str | Path | Suite, wanted: str | Sequence[str], backend: str = "own") -> Selection:
    """The suite and the corruptions of a run.

    Args:
        suite: a suite, its name, or a path to its TOML file. Of a suite under ``imagecorruptions`` only names and
            resolution count: severities are the package's own, in pixels of the image.
        wanted: "all", a category, names separated by commas, or a sequence of them.
        backend: "own", or "imagecorruptions" for the reference package.

    Raises:
        CorruptionError: an unknown suite, name or backend; a corruption named that the package lacks; no package.
    """
    chosen = suite if isinstance(suite, Suite) else load_suite(suite)
    if backend not in BACKENDS:
        raise unknown_name("backend", backend, BACKENDS)
    if backend == "own":
        return Selection(chosen, chosen.select(wanted))
    kept, left_out = select_imagecorruptions(chosen, wanted)
    package_suite = imagecorruptions_suite(chosen)
    notes = [
        f"The corruptions and their severities are those of {package_suite.name}; masks do not move with the picture."
    ]
    if left_out:
        notes.append(f"Left out, because that package lacks them: {', '.join(left_out)}.")
    return Selection(package_suite, kept, tuple(notes))
