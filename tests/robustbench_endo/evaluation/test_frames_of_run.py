"""Images of a run again."""

import io

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.frames_of_run import frames_of_run
from robustbench_endo.results.schema import image_checksum


def test_frames_of_run_have_the_recorded_checksums(make_plan, run):
    plan = make_plan(frames=1, gallery_frames=0)
    results = run(plan)
    with frames_of_run(results, plan.dataset) as read:
        for row in results.frame[results.frame["model"] == "low"].itertuples():
            png, target = read(row.image_id, row.corruption, float(row.severity), row.replicate)
            with Image.open(io.BytesIO(png)) as image:
                pixels = np.asarray(image).transpose(2, 0, 1)
            assert image_checksum(pixels) == row.image_checksum
            assert target.shape == pixels.shape[1:]
    with pytest.raises(RunError, match="Cannot compute the images again"):
        frames_of_run(results, make_plan(frames=2).dataset).__enter__()
