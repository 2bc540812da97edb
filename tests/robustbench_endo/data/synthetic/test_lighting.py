import numpy as np
import pytest

from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.data.synthetic.lighting import cast_shadows, illumination, light_tissue
from robustbench_endo.data.synthetic.patient import Light

LIGHT = Light(0.1, -0.1, 1.0, 1.5)
SIZE = (48, 64)


def light(**options: np.ndarray) -> np.ndarray:
    flat = {"height": np.zeros(SIZE), "albedo": np.full((*SIZE, 3), 0.5), "gloss": np.zeros(SIZE)}
    fields = flat | {"crease": np.zeros(SIZE), "shadow": np.zeros(SIZE)} | options
    return light_tissue(LIGHT, 0.0, **fields)


def test_illumination_falls_off_from_the_centre_of_the_beam() -> None:
    assert illumination(LIGHT, 0.1, -0.1) == 1.5
    assert illumination(LIGHT, 1.1, -0.1) == pytest.approx(0.75)


def test_light_tissue_darkens_and_reddens_shadows() -> None:
    lit, dark = light(), light(shadow=np.ones(SIZE))
    assert (dark < lit).all()
    assert (dark[..., 0] / dark[..., 1]).mean() > (lit[..., 0] / lit[..., 1]).mean()
    assert (light(crease=np.ones(SIZE)) < lit).all()


def test_light_tissue_adds_highlights_to_glossy_tissue() -> None:
    difference = light(gloss=np.ones(SIZE)) - light()
    assert (difference > 0).all()
    assert difference.max() > 0.5
    assert np.allclose(difference[..., 0], difference[..., 2])


def test_cast_shadows_is_a_share_below_the_instruments(scenes: SyntheticScenes) -> None:
    scene = scenes.scene(0)
    shadow = cast_shadows(scene.instruments, scene.patient.light, (64, 80))
    assert shadow.min() == 0
    assert 0.5 < shadow.max() <= 1
    assert not cast_shadows((), LIGHT, (64, 80)).any()
