from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.errors import SynthesisError
from robustbench_endo.synthesis import SynthesisConfig
from robustbench_endo.synthesis.cutout_collection import collect_cutouts


def collect(data, instruments=None, **options):
    return collect_cutouts(data, instruments, SynthesisConfig(**options), lambda done, total: None)


def test_collect_cutouts_takes_every_instrument_with_its_origin(bars):
    collection = collect(bars())
    assert len(collection.cutouts) == 6
    assert (collection.size, collection.merge_labels, collection.n_unusable) == ((96, 128), True, 0)
    origins = [cutout.origin for cutout in collection.cutouts]
    assert [(origin.frame, origin.activity, origin.piece) for origin in origins[:3]] == [
        ("patient0/frame_0.png", "1", 0),
        ("patient1/frame_1.png", "2", 0),
        ("patient1/frame_1.png", "2", 1),
    ]
    assert list(collection.checksums) == bars().ids


def test_collect_cutouts_scales_to_the_size_of_the_images(bars):
    small, full = collect(bars(), size=(48, 64)), collect(bars())
    sizes = [cutout.alpha.shape for collection in (small, full) for cutout in collection.cutouts[:1]]
    assert np.allclose(np.array(sizes[0]) * 2, sizes[1], atol=1)


def test_collect_cutouts_separates_types(bars):
    collection = collect(bars(), labels="types")
    assert not collection.merge_labels
    assert {tuple(np.unique(cutout.labels)) for cutout in collection.cutouts} == {(1,)}
    assert collection.n_unusable == 6
    floating = collect(bars(), labels="types", allow_floating=True)
    assert {tuple(np.unique(cutout.labels)) for cutout in floating.cutouts} == {(1,), (2,)}


def test_collect_cutouts_uses_selected_labels_and_frames(bars):
    collection = collect(bars(), instruments=(1,), limit_instruments=2)
    assert len(collection.checksums) == 2
    assert {tuple(np.unique(cutout.labels)) for cutout in collection.cutouts} == {(1,)}


def test_collect_cutouts_rejects_frames_without_instruments(bars):
    with pytest.raises(SynthesisError, match="a mask for every instrument frame, got none for patient0/frame_0"):
        collect(bars(masks=False))
    with pytest.raises(SynthesisError, match="instruments in the masks of bars, got none"):
        collect(bars(bars=()))
    with pytest.raises(SynthesisError, match=r"got 4 in bars that do not: use them with --allow-floating"):
        collect(bars(bars=(((90, 40), (40, 44)),)))
