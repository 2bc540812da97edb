"""What stands for what at toy size, and how cells are trained."""

import pytest

from robustbench_endo.models.zoo import build
from robustbench_endo.reproduction import GRIDS, grid
from robustbench_endo.reproduction.cost_estimate import estimate, speed_of, told
from robustbench_endo.reproduction.experiments import cell
from robustbench_endo.reproduction.presets import PAPER, QUICK, SYNTHETIC


def test_the_papers_size_takes_the_preset_and_the_cells_weighting():
    settings = PAPER.settings(cell("MTLEndovis", "DINOv2", "MMoE", "STCH"))
    assert (settings.epochs, settings.batch_size, settings.learning_rate) == (200, 16, 1e-3)
    assert settings.weighting == "stch"
    assert PAPER.notes == ()


@pytest.mark.parametrize("scale", [SYNTHETIC, QUICK])
def test_every_cell_has_a_small_network_in_its_place(scale):
    cells = {made for name in GRIDS for made, _ in grid(name).jobs}
    specs = {scale.made(made).model for made in cells}
    assert len({spec for spec in specs if "rank" not in spec}) == 10
    for spec in specs:
        assert sum(parameter.numel() for parameter in build(spec, 7, 3).parameters()) < 6e6
    assert "tiny-resnet for ResNet101" in scale.notes[0]
    assert len({scale.folder(made) for made in cells}) == len(cells)
    assert all("(tiny-" in scale.made(made).label or "one-layer" in scale.made(made).label for made in cells)


def test_scales_do_not_share_a_folder():
    made = cell("MTLESD", "EndoARSS", "TESLA", "DB-MTL")
    assert len({scale.folder(made) for scale in (PAPER, SYNTHETIC, QUICK)}) == 3


def test_estimates_grow_with_the_work_and_shrink_with_the_speed():
    import torch

    speed = speed_of(torch.device("cpu"))
    assert speed > 0
    made = cell("MTLESD", "EndoARSS", "TESLA", "DB-MTL")
    few = estimate(made, PAPER.settings(made), 100, 10, 2, 100.0)
    assert estimate(made, PAPER.settings(made), 200, 10, 2, 100.0).training > 1.9 * few.training
    assert estimate(made, PAPER.settings(made), 100, 10, 2, 1000.0).training < few.training
    # 48.5 GMACs a frame, five passes of 100 frames for 200 epochs, at 100 G a second
    assert few.training == pytest.approx(200 * 100 * 5 * 0.485, rel=0.05)


@pytest.mark.parametrize(("seconds", "text"), [(40, "40 s"), (720, "12 min"), (12240, "3.4 h"), (440640, "5.1 days")])
def test_times_are_told_in_the_unit_that_fits(seconds, text):
    assert told(seconds) == text
