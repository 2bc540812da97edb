"""Pictures of the page fit into their budget."""

from __future__ import annotations

import base64
import io

from PIL import Image

from robustbench_endo.reports.data.gallery import gallery_grid
from robustbench_endo.reports.html.gallery import picture_sources


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_pictures_shrink_until_they_fit(make_run):
    results = make_run(corruptions=["smoke"], severities=[1, 2])
    made = gallery_grid(results, results.gallery()[0], 320)
    roomy = picture_sources([made], results.models)
    tight = picture_sources([made, made], results.models, budget=1)
    assert tight.size < roomy.size
    assert len(tight.sheets) == 1
    clean = roomy.sheets[0].clean
    kind, _, data = clean.picture.partition(";base64,")
    assert kind == "data:image/jpeg"
    assert opened(base64.b64decode(data)).size == (clean.width, clean.height) == (80, 64)
