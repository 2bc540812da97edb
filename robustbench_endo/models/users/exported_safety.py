"""A .pt2 archive may hold pickles, which ``torch.export.load`` would run: they are looked for first."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import torch

from robustbench_endo.errors import ModelError
from robustbench_endo.models.weights import DAMAGED

FORBIDDEN = ("custom_obj_", "opaque_obj_")
"""Members with pickled Python objects or native classes."""

OLD_STATES = ("serialized_state_dict", "serialized_constants", "serialized_example_inputs")
"""Members of archives before torch 2.8 that hold tensors."""

NATIVE = ("aotinductor", "executorch", "mtia")
"""Folders with compiled code, which would run with the rights of the user."""


def check_harmless(path: Path) -> None:
    """Nothing in the archive needs more than ``torch.load(weights_only=True)``, and no machine code lies in it.

    Raises:
        ModelError: something does; nothing was run.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            culprits = [name for name in archive.namelist() if _forbidden(name)]
            culprits += [name for name in _pickled(archive) if not _tensors_only(archive.read(name))]
    except (zipfile.BadZipFile, ValueError, LookupError, AttributeError, OSError) as error:
        raise ModelError(f"Expected a torch.export archive, found {path} damaged ({error}): restore it.") from error
    if culprits:
        raise ModelError(
            f"Expected a torch.export program of a graph and tensors only, found in {path} something that would have "
            f"to be unpickled or run ({culprits[0]}); it was not loaded: export the model without custom objects."
        )


def _forbidden(name: str) -> bool:
    path = PurePosixPath(name)
    inside = any(part.startswith(FORBIDDEN) or part in NATIVE for part in path.parts)
    return inside or path.suffix in (".so", ".dll", ".pyd")


def _pickled(archive: zipfile.ZipFile) -> Iterator[str]:
    """Members that torch reads with ``torch.load``: sample inputs, older states, and what a configuration says."""
    names = set(archive.namelist())
    states = sorted(name for name in names if name.endswith(".pt") or name.startswith(OLD_STATES))
    yield from (name for name in states if archive.getinfo(name).file_size)
    for config in sorted(name for name in names if "/data/" in name and name.endswith("_config.json")):
        for entry in json.loads(archive.read(config))["config"].values():
            member = str(PurePosixPath(config).parent / entry["path_name"])
            if entry.get("use_pickle"):
                yield member


def _tensors_only(content: bytes) -> bool:
    try:
        with warnings.catch_warnings():  # torch remarks on pickle protocols before it refuses them
            warnings.simplefilter("ignore")
            torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except DAMAGED:
        return False
    return True
