"""The settings of a report inside its file, from which ``robust-endo verify`` computes the report again."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results import Resampling

_MARK = "robust-endo-report-settings:"
_STORED = re.compile(rf"{_MARK}([\w=-]+)".encode())


def settings_line(settings: Mapping[str, Any]) -> str:
    """Settings as one word of ASCII, which needs no escapes in Markdown, LaTeX and PDF.

    >>> settings_line({"intervals": True})
    'robust-endo-report-settings:eyJpbnRlcnZhbHMiOiB0cnVlfQ=='
    """
    return _MARK + base64.urlsafe_b64encode(json.dumps(settings).encode()).decode()


def find_settings(content: bytes) -> dict[str, Any]:
    """The settings in a file that :func:`settings_line` wrote.

    Raises:
        ValueError: there are none, or they cannot be read.
    """
    match = _STORED.search(content)
    try:
        settings: dict[str, Any] = json.loads(base64.urlsafe_b64decode(match[1] if match else b""))
    except ValueError as error:
        raise ValueError("no settings of a report") from error
    return settings


def resampling_of(settings: Mapping[str, Any]) -> bool | Resampling:
    """The intervals of a report by its settings.

    Raises:
        ValueError: settings of another version, or outside their ranges.
    """
    try:
        return Resampling(**settings["resampling"]) if settings["intervals"] else False
    except (KeyError, TypeError, RobustEndoError) as error:
        raise ValueError(str(error)) from error
