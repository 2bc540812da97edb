import hashlib

import numpy as np

from robustbench_endo.data import FolderDataset
from robustbench_endo.data.checking.frame_stats import difference_hash, frame_stats


def test_difference_hash_separates_scenes_and_survives_scaling(scene):
    distances = [int((difference_hash(scene(0)) != difference_hash(scene(n))).sum()) for n in range(1, 30)]
    assert min(distances) > 60
    assert (difference_hash(scene(0)) != difference_hash(scene(0)[::2, ::2])).sum() < 12
    assert not difference_hash(np.full((64, 64, 3), 7, np.uint8)).any()


def test_frame_stats_describes_a_frame(root):
    data = FolderDataset(root)
    stats = frame_stats("test", data, 5)
    sample = data[5]
    pixels = sample.image.permute(1, 2, 0).numpy()
    assert (stats.location, stats.error, stats.missing) == (f"test: {data.ids[5]}", "", ())
    assert (stats.size, stats.mask_size, stats.activity) == ((48, 64), (48, 64), 1)
    assert stats.labels[:3].tolist() == [int((sample.mask == label).sum()) for label in range(3)]
    assert stats.labels.sum() == 48 * 64
    assert stats.checksum == hashlib.sha256(b"(48, 64, 3)" + pixels.tobytes()).hexdigest()


def test_frame_stats_has_only_the_error_of_an_unreadable_frame(root):
    (root / "test/1/image/OP1_img_00.png").write_bytes(b"damaged")
    stats = frame_stats("test", FolderDataset(root), 0)
    assert stats.error.startswith("Cannot read the image")
    assert (stats.size, stats.checksum) == (None, "")
