"""Names of models, metrics and runs as keys that trackers accept."""

from __future__ import annotations

import re

_NO_FILE = re.compile(r"[^\w.\-]+")
_NO_KEY = re.compile(r"[^\w.\-: ]+")
_DOTS = ("", ".", "..")


def file_parts(name: str) -> list[str]:
    """A name as folders that lie below any other one.

    >>> file_parts("tiny-resnet/mmoe"), file_parts("../a b")
    (['tiny-resnet', 'mmoe'], ['a_b'])
    """
    parts = [_NO_FILE.sub("_", part) for part in name.replace("\\", "/").split("/")]
    return [part for part in parts if part not in _DOTS] or ["run"]


def metric_key(name: str) -> str:
    """A name with slashes as a key of MLflow: letters, digits, and a few signs.

    >>> metric_key("dice[shaft]/smoke/../net@v2")
    'dice.shaft/smoke/net_v2'
    """
    dotted = name.replace("[", ".").replace("]", "")
    parts = [_NO_KEY.sub("_", part) for part in dotted.split("/")]
    return "/".join(part for part in parts if part not in _DOTS)[:240] or "run"
