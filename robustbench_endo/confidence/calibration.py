"""``calibration.json``: the temperature and the prediction sets of one model, and what they were fitted on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.io_utils import write_json

FORMAT = "robustbench_endo calibration"
VERSION = 1
UNITS = ("subject", "frame")
CHECKSUM = "sha256"
"""Key of the checksum of the other content in the file: an edited promise is none."""


@dataclass(frozen=True)
class TaskCalibration:
    """The calibration of one task.

    Attributes:
        labels: names of the labels of the validation data.
        temperature: logits are divided by it.
        nll_before, nll_after, ece_before, ece_after: see :class:`.temperature.Temperature`.
        threshold: a prediction set holds the labels with at least this calibrated probability; lambda is 1 - threshold.
        risk: mean loss of the units at the threshold: missed foreground pixels of a frame as a fraction
            (segmentation), or whether the label is not in the set.
        bound: of the expected loss of a further unit; at most alpha.
        units: number of patients or frames with a loss.
        set_size: mean number of labels in a set, per pixel for masks.
    """

    labels: tuple[str, ...]
    temperature: float
    nll_before: float
    nll_after: float
    ece_before: float
    ece_after: float
    threshold: float
    risk: float
    bound: float
    units: int
    set_size: float


@dataclass(frozen=True)
class Calibration:
    """What :func:`~robustbench_endo.confidence.fit.calibrate_confidence` fits, and ``calibration.json`` holds.

    Attributes:
        alpha: the promise: the expected loss is at most alpha on clean data like the validation data.
        unit: ``subject``: exchangeable are patients, their loss is the mean over their frames; ``frame``: the promise
            holds only for independent frames.
        tasks: task name -> its calibration.
        model: ``name``, ``spec``, ``weights_sha256`` and ``code`` (digests of user code).
        data: ``name``, ``split``, ``fingerprint``, ``frames``, ``subjects`` (names), ``frame_digests``, and
            ``image_checksums`` (hexadecimal, of the images that the model saw).
        settings: ``resolution``, ``region`` and ``precision`` of the fit; a run must have the same first two.
        created: UTC, ISO 8601.
        versions: of the packages that fitted it.
    """

    alpha: float
    unit: str
    tasks: Mapping[str, TaskCalibration]
    model: Mapping[str, Any]
    data: Mapping[str, Any]
    settings: Mapping[str, Any]
    created: str = ""
    versions: Mapping[str, str] | None = None

    @property
    def sha256(self) -> str:
        """SHA-256 of the content, by which a run knows the calibration again."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """The content of ``calibration.json``."""
        return {"format": FORMAT, "version": VERSION, **json.loads(json.dumps(asdict(self)))}

    def save(self, path: str | Path) -> None:
        """Write ``calibration.json``.

        Raises:
            RunError: the file cannot be written.
        """
        write_json(Path(path), {**self.to_json(), CHECKSUM: self.sha256})

    @classmethod
    def load(cls, path: str | Path) -> Calibration:
        """Read ``calibration.json``.

        Raises:
            RobustEndoError: no such file, not the content of one, or content that was changed after it was written.
        """
        path = Path(path)
        try:
            content = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no JSON"
            raise RobustEndoError(
                f"Cannot read {path}: {reason}. Give the file that robust-endo calibrate-confidence wrote."
            ) from error
        _check_format(content, str(path))
        checksum = content.pop(CHECKSUM, None)
        calibration = cls.from_json(content, str(path))
        if calibration.sha256 != checksum:
            raise RobustEndoError(
                f"Cannot use {path}: it was changed after robust-endo calibrate-confidence wrote it. Restore the file, "
                "or fit it again."
            )
        return calibration

    @classmethod
    def from_json(cls, content: Any, source: str = "calibration") -> Calibration:
        """A calibration from :meth:`to_json`.

        Args:
            source: where the content comes from, for messages.

        Raises:
            RobustEndoError: another format or version, or missing or impossible values.
        """
        _check_format(content, source)
        fields = {name: value for name, value in content.items() if name not in ("format", "version")}
        try:
            tasks = {
                name: TaskCalibration(**{**entry, "labels": tuple(entry["labels"])})
                for name, entry in fields.pop("tasks").items()
            }
            calibration = cls(tasks=tasks, **fields)
            problem = _problem(calibration)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            problem = str(error) or type(error).__name__
        if problem:
            raise RobustEndoError(
                f"Expected the values of a calibration in {source}, got {problem}: fit it again with robust-endo "
                "calibrate-confidence."
            )
        return calibration


def _check_format(content: Any, source: str) -> None:
    if not isinstance(content, dict) or content.get("format") != FORMAT or content.get("version") != VERSION:
        got = f"{content.get('format')} {content.get('version')}" if isinstance(content, dict) else "no object"
        raise RobustEndoError(
            f"Expected the format {FORMAT!r}, version {VERSION}, in {source}, got {got}: give the file that "
            "robust-endo calibrate-confidence wrote."
        )


_NUMBERS = ("temperature", "threshold", "risk", "bound", "units")
"""What decides a promise, and is compared."""


def _problem(calibration: Calibration) -> str:
    """What is impossible in a calibration; empty for nothing."""
    if not 0 < float(calibration.alpha) < 1:
        return f"alpha {calibration.alpha}"
    if calibration.unit not in UNITS:
        return f"unit {calibration.unit!r}"
    if not calibration.tasks:
        return "no task"
    for name in ("weights_sha256", "code"):
        calibration.model[name]
    for name in ("name", "fingerprint", "subjects", "frame_digests", "image_checksums"):
        calibration.data[name]
    for name, task in calibration.tasks.items():
        if not all(isinstance(getattr(task, field), (int, float)) for field in _NUMBERS):
            return f"a value of {name} that is no number"
        if not 0 < float(task.temperature) < float("inf"):
            return f"the temperature {task.temperature} of {name}"
        if not 0 <= float(task.threshold) <= 1:
            return f"the threshold {task.threshold} of {name}"
    return ""
