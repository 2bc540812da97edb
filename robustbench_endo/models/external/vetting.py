"""Model files that are programs are vetted before torch opens them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from robustbench_endo.errors import ModelError
from robustbench_endo.models.external.archive import Archive, RefusedFileError
from robustbench_endo.models.external.exported_vetting import vet_exported
from robustbench_endo.models.external.torchscript_vetting import vet_torchscript

FORMS: Mapping[str, Callable[[Archive], None]] = {"torch.export": vet_exported, "TorchScript": vet_torchscript}


def vet_model_file(file: BinaryIO, path: Path, form: str) -> None:
    """Raise an error unless the program in a file only computes; nothing of it has run then.

    Args:
        file: opened for reading in binary mode, at its beginning afterwards: torch reads the same open file, which
            cannot be replaced in between.
        path: of the file, for the error.
        form: ``torch.export`` or ``TorchScript``.

    Raises:
        ModelError: says what is not allowed, in which member, and how to load the file all the same.
    """
    try:
        FORMS[form](Archive(file))
    except RefusedFileError as error:
        where = f" in its member {error.member}" if error.member else ""
        raise ModelError(
            f"Expected a {form} file of computations and tensors only, got {error.finding}{where} of {path}; it was "
            "not loaded: export the model without it, or give --trust-model-file (trust_model_file=True in Python) if "
            "you trust its author as you trust a program."
        ) from error
    except Exception as error:  # what zipfile, zlib, json and pickle raise on damage is not one kind
        raise ModelError(f"Cannot read the {form} archive {path}: {error}. Restore it.") from error
    file.seek(0)
