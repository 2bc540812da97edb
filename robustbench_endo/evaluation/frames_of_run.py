"""The corrupted images and targets of a run again, which a run does not store."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.batch import Batch
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.corrupt_batch import byte_levels, corrupt_batch
from robustbench_endo.evaluation.loop import read_frames
from robustbench_endo.evaluation.replay import plan_of_run, same_data
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import IMAGE_CHECKSUM, image_checksum
from robustbench_endo.results.severity import as_severity
from robustbench_endo.types import Dataset

ReadFrame = Callable[[str, str, float, int], tuple[bytes, Any]]


@contextmanager
def frames_of_run(results: Results, dataset: Dataset) -> Iterator[ReadFrame]:
    """A function that computes the image of a frame at a condition as PNG, and its target map.

    Args:
        results: of a run.
        dataset: its data.

    Raises:
        RunError: other data than those of the run; the function raises it for an image with another checksum.
    """
    with tempfile.TemporaryDirectory() as folder:
        plan = plan_of_run(results, dataset, None, Path(folder))
        check = same_data(results, plan)
        if not check.passed:
            raise RunError(f"Cannot compute the images again: {check.problem} Use the data that were evaluated.")
        position = {name: index for index, name in enumerate(dataset.ids)}
        checksums = _checksums(results)

        @lru_cache(maxsize=8)
        def decoded(image_id: str) -> Batch:
            return read_frames(plan, [position[image_id]])[0][0].to(plan.device)

        def read(image_id: str, corruption: str, severity: float, draw: int) -> tuple[bytes, Any]:
            frames = corrupt_batch(plan, decoded(image_id), Condition(corruption, as_severity(severity), draw))
            levels = byte_levels(frames.images)[0].cpu().numpy()
            if image_checksum(levels) != checksums[image_id, corruption, severity, draw]:
                raise RunError(
                    f"Cannot compute the image of {image_id} at {corruption} {severity:g} again: its checksum is not "
                    "that of the run. Give the data of the run with --data."
                )
            target = next((each for each in frames.targets.values() if each.ndim == 3), None)
            return _as_png(levels), None if target is None else target[0].cpu().numpy()

        yield read


def _checksums(results: Results) -> dict[tuple[str, str, float, int], int]:
    columns = (results.frame[name] for name in ("image_id", "corruption", "severity", "replicate", IMAGE_CHECKSUM))
    return {(i, c, float(s), int(r)): int(value) for i, c, s, r, value in zip(*columns, strict=True)}


def _as_png(levels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(levels.transpose(1, 2, 0)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
