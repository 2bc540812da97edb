"""What a run leaves behind: checkpoint, curves, and what stopped it; each file whole or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from robustbench_endo.errors import RunError
from robustbench_endo.models.checkpoint import card_of, save_checkpoint
from robustbench_endo.models.files import replaced

HISTORY = "history.csv"
FAILED = "failed"


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A temporary path that takes the place of ``path`` when the block ends well.

    Raises:
        RunError: the disk is full or the folder gone; what was there before is still there.
    """
    try:
        with replaced(path) as temporary:
            yield temporary
    except (OSError, RuntimeError) as error:  # torch.save wraps a full disk in a RuntimeError
        raise RunError(
            f"Expected room for {path}, found it cannot be written ({error}): free some space and start the same "
            "command again, it goes on from the last epoch that was saved."
        ) from error


def save_model(folder: Path, model: nn.Module, training: dict[str, Any]) -> None:
    """The checkpoint that ``load_model`` reads.

    Raises:
        RunError: it cannot be written; the one before is still there.
    """
    try:
        save_checkpoint(folder, model.state_dict(), card_of(model, training))
    except Exception as error:  # safetensors has an error of its own for a full disk
        raise RunError(
            f"Expected room for the checkpoint in {folder}, found it cannot be written ({error}): free some space and "
            "start the same command again, it goes on from the last epoch that was saved."
        ) from error


def save_history(folder: Path, history: Sequence[dict[str, float]]) -> None:
    """The curves as a table: a row an epoch."""
    names = list(dict.fromkeys(name for row in history for name in row))
    text = io.StringIO()
    table = csv.DictWriter(text, ["epoch", *names], lineterminator="\n")
    table.writeheader()
    table.writerows({"epoch": epoch, **row} for epoch, row in enumerate(history))
    with written(folder / HISTORY) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")
