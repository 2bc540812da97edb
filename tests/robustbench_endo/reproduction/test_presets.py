"""Sizes of a reproduction: substitutes, settings and folders."""

import pytest

from robustbench_endo.errors import ModelError, ReproductionError
from robustbench_endo.models.zoo import build
from robustbench_endo.reproduction import GRIDS, grid
from robustbench_endo.reproduction.experiments import cell
from robustbench_endo.reproduction.presets import PAPER, QUICK, SYNTHETIC, require_trunks, select_rows


def test_scale_of_the_paper_uses_the_preset_and_the_weighting_of_the_cell():
    settings = PAPER.settings(cell("MTLEndovis", "DINOv2", "MMoE", "STCH"))
    assert (settings.epochs, settings.batch_size, settings.learning_rate) == (200, 16, 1e-3)
    assert settings.weighting == "stch"
    assert PAPER.notes == ()


@pytest.mark.parametrize("scale", [SYNTHETIC, QUICK])
def test_scale_substitutes_a_small_network_for_every_cell(scale):
    cells = {each for name in GRIDS for each, _ in grid(name).runs}
    specs = {scale.substitute(each).model for each in cells}
    assert len({spec for spec in specs if "rank" not in spec}) == 10
    for spec in specs:
        assert sum(parameter.numel() for parameter in build(spec, 7, 3).parameters()) < 6.5e6
    assert "tiny-resnet for ResNet101" in scale.notes[0]
    assert len({scale.folder(each) for each in cells}) == len(cells)
    assert all("(tiny-" in label or "one-layer" in label for label in (scale.substitute(each).label for each in cells))


def test_scale_folders_differ():
    trained = cell("MTLESD", "EndoARSS", "TESLA", "DB-MTL")
    assert len({scale.folder(trained) for scale in (PAPER, SYNTHETIC, QUICK)}) == 3


def test_select_rows_by_pattern_and_data():
    assert len(select_rows(grid("table2"), ["endoarss"]).rows) == 3
    assert len(select_rows(grid("table2"), ["resnet101/mmoe/stch", "*/tesla/db_mtl"]).rows) == 4
    assert {row.labels["dataset"] for row in select_rows(grid("table5"), data=["mtlesd"]).rows} == {"MTLESD"}
    with pytest.raises(ReproductionError, match="got 'vgg': no row of table2"):
        select_rows(grid("table2"), ["vgg"])


def test_require_trunks_reports_missing_weights_in_one_sentence(monkeypatch):
    import timm

    def offline(*arguments, **options):
        raise OSError("no route to the hub")

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(ModelError, match=r"resnet101 .* no route to the hub .* --init-weights none\.$"):
        require_trunks([grid("table2").rows[0].cell])
