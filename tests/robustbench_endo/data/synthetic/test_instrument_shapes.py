import numpy as np
import pytest

from robustbench_endo.data.synthetic import labels
from robustbench_endo.data.synthetic.instrument import Jaw, Rod
from robustbench_endo.data.synthetic.instrument_shapes import (
    metal_lighting,
    paint_jaw,
    paint_shaft,
    paint_tube,
    paint_wrist,
    shade_metal,
)
from robustbench_endo.data.synthetic.low_frequency_noise import sample_noise_table
from robustbench_endo.data.synthetic.patient import InstrumentStyle, Light

LIGHT = Light(0.0, 0.0, 1.0, 1.5)
NOISE = sample_noise_table(np.random.default_rng(0))
ROD = Rod(-0.3, 0.05, 1.0, 0.0, 0.4, 0.1, 0.0)
SIZE = (64, 80)


def canvas() -> tuple[np.ndarray, np.ndarray]:
    return np.full((*SIZE, 3), -1.0), np.zeros(SIZE, np.uint8)


def rod_area() -> np.ndarray:
    rows, columns = np.indices(SIZE)
    x, y = (columns + 0.5 - 40) / 64, (rows + 0.5 - 32) / 64
    return (abs(y - 0.05) < 0.1) & (x > -0.3) & (x < 0.1)


def test_paint_wrist_and_tube_label_the_area_of_the_rod() -> None:
    for label, paint in (
        (labels.WRIST, lambda rgb, mask: paint_wrist(rgb, mask, LIGHT, ROD)),
        (labels.SUCTION, lambda rgb, mask: paint_tube(rgb, mask, NOISE, LIGHT, ROD)),
    ):
        rgb, mask = canvas()
        paint(rgb, mask)
        assert set(np.unique(mask)) == {0, label}
        assert ((mask == label) & rod_area()).sum() > 0.8 * rod_area().sum()
        assert (rgb[mask == label] > -0.5).all()
        assert (rgb[:2] == -1).all()


def test_paint_shaft_widens_and_reaches_the_border() -> None:
    rgb, mask = canvas()
    style = InstrumentStyle((0.1, 0.1, 0.1), 0.5, True)
    paint_shaft(rgb, mask, NOISE, LIGHT, Rod(-0.3, 0.0, 1.0, 0.0, 2.5, 0.08, 0.1), style)
    assert set(np.unique(mask)) == {0, labels.SHAFT}
    widths = (mask > 0).sum(0)
    assert widths[-1] > widths[30] > 0
    assert widths[0] == 0


def test_paint_jaw_is_hidden_where_it_is_covered() -> None:
    jaw = Jaw(-0.2, 0.0, 1.0, 0.0, 0.5, 0.15, 1.0, labels.GRASPER)
    rgb, mask = canvas()
    paint_jaw(rgb, mask, LIGHT, jaw, np.zeros(SIZE))
    visible = mask > 0
    assert set(np.unique(mask)) == {0, labels.GRASPER}
    assert not visible[:31].any()
    rgb, mask = canvas()
    paint_jaw(rgb, mask, LIGHT, jaw, np.ones(SIZE))
    assert not mask.any()
    assert (rgb == -1).all()


def test_metal_lighting_has_its_highlight_below_the_light() -> None:
    diffuse, specular, rim = metal_lighting(LIGHT, 0.0, 0.0, 0.0, 1.0, 0.0)
    assert (diffuse, specular, rim) == pytest.approx((1.5, 1.5, 0.0))
    tilted = metal_lighting(LIGHT, 0.0, 0.0, 0.0, 1.0, 0.8)
    assert tilted[0] < diffuse
    assert tilted[1] < specular
    assert tilted[2] > rim


def test_shade_metal_adds_the_colour_of_the_tissue_at_the_rim() -> None:
    assert shade_metal(0.5, 1.0, 0.8, (1.0, 0.0, 0.0)) == pytest.approx(0.5)
    assert shade_metal(0.5, 1.0, 0.8, (1.0, 0.0, 1.0)) > shade_metal(0.5, 1.0, 0.3, (1.0, 0.0, 1.0))
