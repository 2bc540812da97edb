"""How far does a surgical vision model fall when the picture gets bad, where, and can the number be trusted?

The public interface. Names load on first use, so that reading results needs neither torch nor a GPU.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Plots": "reports.plotting",
    "corrupt": "api",
    "evaluate": "api",
    "evaluate_shard": "api",
    "list_corruptions": "api",
    "list_datasets": "data.registry",
    "list_models": "models",
    "load_dataset": "data.registry",
    "load_model": "models",
    "load_results": "results",
    "merge": "api",
    "metrics": "",
    "report": "api",
    "train": "training",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_HOMES[name] or name}")
    return getattr(home, name) if _HOMES[name] else home


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
