"""What a loader of users' models hands on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from robustbench_endo.models.users.adapter import Adapter


@dataclass(frozen=True)
class Loaded:
    """A network before it is adapted.

    Attributes:
        inner: an ``nn.Module`` or another callable on images.
        adapter: what the source itself says about inputs and outputs; the user's adapter goes over it.
        classes: names of the model's own classes, empty where it knows none.
        sha256: of the file it came from, None where it came from code.
    """

    inner: Callable[..., Any]
    adapter: Adapter = field(default_factory=Adapter)
    classes: tuple[str, ...] = ()
    sha256: str | None = None
