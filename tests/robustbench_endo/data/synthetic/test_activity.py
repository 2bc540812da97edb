"""The activity is what the picture shows: who touches the duct."""

import numpy as np
from scipy.ndimage import binary_dilation

from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.data.synthetic import raster as labels
from robustbench_endo.data.synthetic.scene import holds
from robustbench_endo.types import Sample


def seen(mask: np.ndarray) -> int:
    """The activity that somebody would read off the mask alone."""
    beside_duct = binary_dilation(mask == labels.DUCT, iterations=2)
    if (beside_duct & (mask == labels.SCISSORS)).any():
        return labels.CUTTING
    return labels.GRASPING if (beside_duct & (mask == labels.GRASPER)).any() else labels.EXPOSING


def test_activity_can_be_read_off_every_mask(samples: list[Sample]) -> None:
    assert [seen(sample.mask.numpy()) for sample in samples] == [sample.activity for sample in samples]


def test_activity_at_another_size() -> None:
    scenes = SyntheticScenes("train", 24, 3, (512, 512))
    for k in range(0, 24, 3):
        sample = scenes[k]
        assert seen(sample.mask.numpy()) == sample.activity


def test_activity_follows_from_the_scene(scenes: SyntheticScenes) -> None:
    for k in range(len(scenes)):
        scene = scenes.scene(k)
        holders = {tool.kind for tool in scene.instruments if holds(tool, scene.duct)}
        expected = {labels.EXPOSING: set(), labels.GRASPING: {"grasper"}}.get(scene.activity)
        assert holders == expected if expected is not None else "scissors" in holders


def test_a_patient_shows_each_activity_twice(samples: list[Sample]) -> None:
    activities = np.array([sample.activity for sample in samples]).reshape(8, 6)
    assert (np.sort(activities, axis=1) == [0, 0, 1, 1, 2, 2]).all()


def test_one_to_three_instruments(scenes: SyntheticScenes) -> None:
    assert {len(scenes.scene(k).instruments) for k in range(len(scenes))} == {1, 2, 3}


def test_every_kind_idles_too(scenes: SyntheticScenes) -> None:
    """Else the mere presence of scissors would give the activity away."""
    drawn = [scenes.scene(k) for k in range(len(scenes))]
    idle = {tool.kind for scene in drawn for tool in scene.instruments if not holds(tool, scene.duct)}
    assert idle == {"grasper", "scissors", "suction"}
