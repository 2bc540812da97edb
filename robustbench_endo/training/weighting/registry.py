"""Weightings by name."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from robustbench_endo.errors import unknown_name
from robustbench_endo.io_utils import split_spec
from robustbench_endo.training.weighting.aligned_mtl import AlignedMTL
from robustbench_endo.training.weighting.base import Equal, Weighting, check_options
from robustbench_endo.training.weighting.db_mtl import DBMTL
from robustbench_endo.training.weighting.moco import MoCo
from robustbench_endo.training.weighting.stch import STCH
from robustbench_endo.training.weighting.torchjd import PREFIX, TorchJD, aggregators

METHODS: tuple[type[Weighting], ...] = (Equal, MoCo, AlignedMTL, STCH, DBMTL)


def list_weightings() -> list[str]:
    """Names for :func:`load_weighting`; those of TorchJD where it is installed."""
    return [*(method.name for method in METHODS), *(PREFIX + name for name in aggregators(missing_ok=True))]


def load_weighting(name: str, **options: Any) -> Weighting:
    """A new weighting.

    Args:
        name: ``equal``, ``moco``, ``aligned_mtl``, ``stch``, ``db_mtl`` or ``torchjd:<aggregator>``; options may
            follow as in model specs, ``moco@beta=0.9,rho=0.1``.
        options: of the method; the defaults are those of its authors.

    Raises:
        UnknownNameError: an unknown name or option; names the closest matches.
        TrainingError: an option that is missing or out of range.
        OptionalDependencyError: TorchJD, or a package that the aggregator needs, is not installed.
    """
    name, texts = split_spec(name)
    options = {key: _value(value) for key, value in texts.items()} | options
    if name.startswith(PREFIX):
        return TorchJD(name.removeprefix(PREFIX), options)
    methods = {method.name: method for method in METHODS}
    if name not in methods:
        raise unknown_name("weighting", name, list_weightings())
    known = [option.name for option in fields(methods[name]) if option.init]  # type: ignore[arg-type]
    check_options(name, options, known)
    return methods[name](**options)


def _value(text: str) -> float | str | list[float]:
    """`2` -> 2, `0.5` -> 0.5, `1x2` -> [1.0, 2.0], any other text unchanged."""
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        pass
    try:
        return [float(part) for part in text.split("x")]
    except ValueError:
        return text
