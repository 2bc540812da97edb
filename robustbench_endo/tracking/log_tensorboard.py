"""TensorBoard: event files, one run per model, so that the curves of models are in one chart."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from robustbench_endo.tracking.content import RunContent
from robustbench_endo.tracking.key_text import file_parts

FOLDER = "tensorboard"
_EVENTS = "events.out.tfevents.*"


def check() -> None:
    """TensorBoard needs no login."""


def log(content: RunContent, folder: Path) -> str:
    """Write event files to ``folder/tensorboard``; those of an earlier call are replaced.

    Returns:
        The command that opens them.
    """
    base = folder / FOLDER
    for file in base.rglob(_EVENTS):
        file.unlink()
    with _writer(base) as writer:
        writer.add_text("settings", _markdown(content.settings), 0)
        for name, table in content.tables.items():
            writer.add_text(name, _markdown_table(table), 0)
    for model in content.models:
        with _writer(base.joinpath(*file_parts(model))) as writer:
            for curve in content.curves:
                if curve.model == model:
                    for severity, value in curve.values.items():
                        writer.add_scalar(f"{curve.metric}/{curve.corruption}", value, content.step(severity))
            # Otherwise the summary would be in a further run, which is named by the time.
            summary = {f"summary/{name}": value for name, value in content.summary[model].items()}
            writer.add_hparams({**content.settings, "model": model}, summary, run_name=".")
    return f"tensorboard --logdir {base}"


def _writer(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the packages below TensorBoard
        return import_module("torch.utils.tensorboard").SummaryWriter(str(folder))


def _markdown(settings: Mapping[str, Any]) -> str:
    return _markdown_table(pd.DataFrame({"setting": list(settings), "value": [str(v) for v in settings.values()]}))


def _markdown_table(table: pd.DataFrame) -> str:
    names = [str(name) for name in table.columns]
    lines = [names, ["---"] * len(names), *([_cell(value) for value in row] for row in table.itertuples(index=False))]
    return "\n".join(f"| {' | '.join(_escape(cell) for cell in line)} |" for line in lines)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}"
    return str(value)


def _escape(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
