"""Names, keys, determinism and errors of the data set."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch

from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.errors import DataError
from robustbench_endo.types import Dataset, Sample

SMALL = (64, 80)


def test_synthetic_scenes_meets_the_dataset_protocol(scenes: SyntheticScenes, samples: list[Sample]) -> None:
    assert isinstance(scenes, Dataset)
    assert len(scenes) == len(scenes.ids) == len(scenes.subjects) == 48
    assert len(set(scenes.ids)) == 48
    assert len(scenes.classes) == 7
    assert len(scenes.activities) == 3
    for index, sample in enumerate(samples):
        assert sample.image.shape == (3, 256, 320)
        assert sample.image.dtype == torch.uint8
        assert sample.mask is not None
        assert sample.mask.shape == (256, 320)
        assert sample.mask.dtype == torch.uint8
        assert (sample.id, sample.subject_id) == (scenes.ids[index], scenes.subjects[index])


def test_ids_are_stable_posix_names() -> None:
    assert SyntheticScenes("test").ids[20] == "test/seq_03/frame_0020"


def test_subjects_have_six_frames(scenes: SyntheticScenes) -> None:
    assert set(Counter(scenes.subjects).values()) == {6}
    assert scenes.scene(0).patient is scenes.scene(5).patient
    assert scenes.scene(5).patient is not scenes.scene(6).patient


def test_frames_of_a_patient_have_similar_colours(samples: list[Sample]) -> None:
    """The mean colour varies less within a patient than over all frames."""
    colours = np.array([sample.image.float().mean((1, 2)).numpy() for sample in samples]).reshape(8, 6, 3)
    within = colours.std(axis=1).mean()
    assert within < 0.8 * colours.reshape(48, 3).std(axis=0).mean()


def test_splits_and_seeds_share_no_patient() -> None:
    variants = [("train", 0), ("val", 0), ("test", 0), ("test", 1)]
    tables = {
        SyntheticScenes(split, 48, seed).scene(k).patient.tissue.noise.tobytes()
        for split, seed in variants
        for k in range(0, 48, 6)
    }
    assert len(tables) == 8 * len(variants)
    assert not set(SyntheticScenes("train").subjects) & set(SyntheticScenes("test").subjects)


def test_train_has_more_frames() -> None:
    assert len(SyntheticScenes("train")) == 400


def test_frames_are_the_same_in_any_order_and_for_any_length() -> None:
    few, many = SyntheticScenes("val", 3, 5, SMALL), SyntheticScenes("val", 30, 5, SMALL)
    forwards = [few[k] for k in range(3)]
    backwards = [many[k] for k in (2, 1, 0)][::-1]
    for a, b in zip(forwards, backwards, strict=True):
        assert a.mask is not None
        assert b.mask is not None
        assert torch.equal(a.image, b.image)
        assert torch.equal(a.mask, b.mask)
        assert (a.activity, a.id, a.subject_id) == (b.activity, b.id, b.subject_id)


def test_global_random_state_is_neither_read_nor_changed() -> None:
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)
    before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    SyntheticScenes(size=SMALL)[0]
    assert np.array_equal(before[0], np.random.get_state()[1])  # noqa: NPY002
    assert torch.equal(before[1], torch.get_rng_state())


def test_iteration_stops_and_negative_indices_count_from_the_end() -> None:
    scenes = SyntheticScenes("test", 2, size=(32, 32))
    assert [sample.id for sample in scenes] == list(scenes.ids)
    assert scenes[-1].id == scenes.ids[1]
    with pytest.raises(IndexError):
        scenes[2]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"split": "holdout"}, r"Expected a split among train, val, test, got 'holdout'"),
        ({"frames": 0}, r"Expected frames to be a whole number >= 1, got 0"),
        ({"frames": 2.5}, r"Expected frames to be a whole number >= 1, got 2\.5"),
        ({"seed": -1}, r"Expected seed to be a whole number >= 0, got -1"),
        ({"size": (16, 320)}, r"Expected size to be \(height, width\) with both at least 32 pixels, got \(16, 320\)"),
        ({"size": (64,)}, r"Expected size to be \(height, width\)"),
        ({"size": 256}, r"Expected size to be \(height, width\)"),
    ],
)
def test_synthetic_scenes_rejects_bad_arguments(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(DataError, match=text):
        SyntheticScenes(**arguments)


def test_fingerprint_depends_on_all_that_the_frames_are_a_function_of() -> None:
    data = [
        SyntheticScenes(split, frames=2, seed=seed, size=size)
        for split, seed, size in (("test", 0, SMALL), ("test", 3, SMALL), ("val", 0, SMALL), ("test", 0, (80, 64)))
    ]
    assert len({each.fingerprint([0, 1]) for each in data} | {data[0].fingerprint([0]), data[0].fingerprint([1])}) == 6
    longer = SyntheticScenes("test", frames=9, size=SMALL)
    assert longer.fingerprint([0, 1]) == data[0].fingerprint([0, 1])
    longer.subjects = ("patient",) * 9
    assert longer.fingerprint([0, 1]) != data[0].fingerprint([0, 1])
