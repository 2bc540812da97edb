"""Whose definitions a run follows: ``standard``, ours, or ``endoarss``, the authors', to compare with their tables."""

from __future__ import annotations

from typing import TypeVar

from robustbench_endo.data.resolution import Resolution
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics import Metric
from robustbench_endo.metrics.endoarss import ENDOARSS

STANDARD_PROTOCOL, ENDOARSS_PROTOCOL = "standard", "endoarss"
_SUITES = {STANDARD_PROTOCOL: "endo19", ENDOARSS_PROTOCOL: "endoarss"}
_ENDOARSS_SIZE = (256, 256)
Own = TypeVar("Own")


def suite_of(
    protocol: str, suite: Own | str | None, backend: str = "own", resolution: Resolution | None = None
) -> Own | str:
    """The suite of a run: the one asked for, by name, file or itself, or the protocol's name for it.

    Protocol ``endoarss`` also means the authors' severities at 256 x 256, so it takes no other suite, backend or size.

    Raises:
        RobustEndoError: an unknown protocol, or ``endoarss`` with something else than its suite.
    """
    if protocol not in _SUITES:
        raise RobustEndoError(f"Expected a protocol among {', '.join(_SUITES)}, got {protocol!r}: choose one of them.")
    chosen = suite or _SUITES[protocol]
    if protocol == ENDOARSS_PROTOCOL:
        strange = [
            f"{name} {value}"
            for name, value, fits in (
                ("suite", chosen, chosen == "endoarss"),
                ("backend", backend, backend == "own"),
                ("resolution", resolution, resolution in (None, _ENDOARSS_SIZE)),
            )
            if not fits
        ]
        if strange:
            raise RobustEndoError(
                f"Expected the suite endoarss at 256x256 under the protocol endoarss, got {', '.join(strange)}: "
                "leave that out, or take the protocol standard."
            )
    return chosen


def protocol_metrics(protocol: str) -> tuple[type[Metric], ...]:
    """Metrics of the protocol beside the standard ones, each a column of its own."""
    return ENDOARSS if protocol == ENDOARSS_PROTOCOL else ()
