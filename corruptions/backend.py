"""Which code computes the pictures of a suite: our own, or the reference package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .names import unknown
from .reference_package import reference_suite, select_reference
from .suite import Suite
from .suite_file import load_suite

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
        wanted: "all", a group, names separated by commas, or a sequence of them.
        backend: "own", or "imagecorruptions" for the reference package.

    Raises:
        CorruptionError: an unknown suite, name or backend; a corruption named that the package lacks; no package.
    """
    chosen = suite if isinstance(suite, Suite) else load_suite(suite)
    if backend not in BACKENDS:
        raise unknown("a backend", backend, BACKENDS)
    if backend == "own":
        return Selection(chosen, chosen.select(wanted))
    kept, left_out = select_reference(chosen, wanted)
    reference = reference_suite(chosen)
    notes = [f"The corruptions and their severities are those of {reference.name}; masks do not move with the picture."]
    if left_out:
        notes.append(f"Left out, because that package lacks them: {', '.join(left_out)}.")
    return Selection(reference, kept, tuple(notes))
