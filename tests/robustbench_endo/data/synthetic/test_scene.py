"""The activity is what the frame shows: which instrument grips the duct."""

import numpy as np
from scipy.ndimage import binary_dilation

from robustbench_endo.data.synthetic import SyntheticScenes, labels
from robustbench_endo.data.synthetic.patient import Patient
from robustbench_endo.data.synthetic.scene import grips, sample_scene
from robustbench_endo.types import Sample


def activity_of(mask: np.ndarray) -> int:
    """The activity that can be inferred from the mask only."""
    near_duct = binary_dilation(mask == labels.DUCT, iterations=2)
    if (near_duct & (mask == labels.SCISSORS)).any():
        return labels.CUTTING
    return labels.GRASPING if (near_duct & (mask == labels.GRASPER)).any() else labels.EXPOSING


def test_activity_can_be_inferred_from_every_mask(samples: list[Sample]) -> None:
    assert [activity_of(sample.mask.numpy()) for sample in samples] == [sample.activity for sample in samples]


def test_activity_can_be_inferred_at_another_size() -> None:
    scenes = SyntheticScenes("train", 24, 3, (512, 512))
    for k in range(0, 24, 3):
        sample = scenes[k]
        assert activity_of(sample.mask.numpy()) == sample.activity


def test_activity_follows_from_the_instruments_that_grip_the_duct(scenes: SyntheticScenes) -> None:
    for k in range(len(scenes)):
        scene = scenes.scene(k)
        gripping = {tool.kind for tool in scene.instruments if grips(tool, scene.duct)}
        expected = {labels.EXPOSING: set(), labels.GRASPING: {"grasper"}}.get(scene.activity)
        assert gripping == expected if expected is not None else "scissors" in gripping


def test_activity_occurs_twice_per_patient(samples: list[Sample]) -> None:
    activities = np.array([sample.activity for sample in samples]).reshape(8, 6)
    assert (np.sort(activities, axis=1) == [0, 0, 1, 1, 2, 2]).all()


def test_sample_scene_has_one_to_three_instruments(scenes: SyntheticScenes) -> None:
    assert {len(scenes.scene(k).instruments) for k in range(len(scenes))} == {1, 2, 3}


def test_sample_scene_includes_idle_instruments_of_every_kind(scenes: SyntheticScenes) -> None:
    """Otherwise the presence of scissors would be sufficient to infer the activity."""
    every = [scenes.scene(k) for k in range(len(scenes))]
    idle = {tool.kind for scene in every for tool in scene.instruments if not grips(tool, scene.duct)}
    assert idle == {"grasper", "scissors", "suction"}


def test_sample_scene_has_the_requested_activity(patient: Patient) -> None:
    for activity in range(3):
        assert sample_scene(np.random.default_rng(activity), patient, activity).activity == activity
