"""Label maps and logits as bytes."""

import io

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.errors import RunError
from robustbench_endo.predictions.codec import decode_label_map, decode_logits, encode_label_map, encode_logits


@pytest.mark.parametrize("labels", [range(3), range(256), [0, 255], [0]])
def test_encode_label_map_is_lossless(labels):
    random = np.random.default_rng(0)
    array = random.choice(np.array(labels, np.uint8), (13, 17))
    assert (decode_label_map(encode_label_map(array)) == array).all()


def test_encode_label_map_is_readable_by_others():
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    image = Image.open(io.BytesIO(encode_label_map(array)))
    assert image.mode == "P"
    assert (np.asarray(image) == array).all()
    colours = np.asarray(image.convert("RGB")).reshape(-1, 3)
    assert colours[0].tolist() == [0, 0, 0]
    assert len({tuple(colour) for colour in colours[:9]}) == 9


def test_decode_label_map_refuses_other_bytes():
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(buffer, "PNG")
    for content in (b"", b"no png", encode_label_map(np.zeros((9, 9), np.uint8))[:40], buffer.getvalue()):
        with pytest.raises(RunError, match="Cannot read a stored label map"):
            decode_label_map(content)


def test_encode_logits_keeps_shape_and_undefined_values():
    logits = np.array([[1.5, -1e9], [np.nan, np.inf]], np.float32)
    read = decode_logits(encode_logits(logits), (2, 2))
    np.testing.assert_array_equal(read, np.array([[1.5, -65504], [np.nan, 65504]], np.float16))
    with pytest.raises(RunError, match="Cannot read stored logits"):
        decode_logits(b"123", (2, 2))
