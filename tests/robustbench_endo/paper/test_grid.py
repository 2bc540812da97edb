"""The grids name every row of the paper, and rows that are one network share one training."""

import math

import pytest

from robustbench_endo.errors import ModelError, ReproductionError, UnknownNameError
from robustbench_endo.models.zoo import is_zoo_spec
from robustbench_endo.reproduction import GRIDS, grid, published
from robustbench_endo.reproduction.experiments import FILES, cell
from robustbench_endo.reproduction.presets import chosen, require_trunks
from robustbench_endo.training.weighting import list_weightings


@pytest.mark.parametrize(
    ("table", "rows"), [("table2", 29), ("table3", 29), ("table4", 27), ("table5", 12), ("table6", 8)]
)
def test_every_row_of_a_table_is_in_its_grid(table, rows):
    made = grid(table)
    assert len(made.rows) == len(published(table)) == rows
    for row, (_, line) in zip(made.rows, published(table).iterrows(), strict=True):
        assert {key: str(line[key]) for key in made.keys} == dict(row.labels)
        assert row.published == {name: line[name] for name in made.metrics if not math.isnan(line[name])}


def test_the_robustness_table_has_every_corruption_of_the_suite():
    rows = grid("table7").rows
    assert len(rows) == 20 * 3
    names = list(dict.fromkeys(row.corruption for row in rows))
    from robustbench_endo import list_corruptions

    assert set(names) == {*list_corruptions("endoarss"), "mean"}
    assert {row.published["miou"] for row in rows if row.corruption == "mean"} == {72.06, 72.88, 79.57}


def test_every_network_and_weighting_exists():
    cells = {made for name in GRIDS for made, _ in grid(name).jobs}
    assert all(is_zoo_spec(made.model) for made in cells)
    assert {made.weighting for made in cells} <= set(list_weightings())
    assert len({made.folder for made in cells}) == len(cells) == 29 + 29 + 6


@pytest.mark.parametrize("table", ["table5", "table6"])
def test_ablation_and_rank_repeat_the_figures_of_the_comparison(table):
    """A switch that named another network than the paper's would bring other figures."""
    known = {
        row.cell: row.published["miou"]
        for name in ("table2", "table3")
        for row in grid(name).rows
        if "miou" in row.published
    }
    shared = [row for row in grid(table).rows if row.cell in known]
    assert len(shared) == {"table5": 12, "table6": 2}[table]
    assert [known[row.cell] for row in shared] == [row.published["miou"] for row in shared]


def test_table_four_trains_nothing_of_its_own():
    assert {made for made, _ in grid("table4").jobs} < {made for made, _ in grid("table3").jobs}
    assert {judged for _, judged in grid("table4").jobs} == {"mtlendovis-gen"}


def test_a_rank_is_an_option_of_the_spec_and_the_default_is_not():
    assert cell("MTLESD", "EndoARSS", "TESLA", "DB-MTL", 8).model == "endoarss/tesla@rank=8"
    assert cell("MTLESD", "EndoARSS", "TESLA", "DB-MTL", 4).model == "endoarss/tesla"


def test_single_tasks_have_figures_of_their_task_alone():
    rows = {row.cell.task: row for row in grid("table2").rows}
    assert set(rows["classification"].published) == {"accuracy", "f_score"}
    assert set(rows["segmentation"].published) == {"miou", "dice", "hd", "ssim"}


def test_rows_are_chosen_by_pattern_and_data():
    assert len(chosen(grid("table2"), ["endoarss"]).rows) == 3
    assert len(chosen(grid("table2"), ["resnet101/mmoe/stch", "*/tesla/db_mtl"]).rows) == 4
    assert {row.labels["dataset"] for row in chosen(grid("table5"), data=["mtlesd"]).rows} == {"MTLESD"}
    with pytest.raises(ReproductionError, match="got 'vgg': no row of table2"):
        chosen(grid("table2"), ["vgg"])


def test_missing_trunks_are_told_in_one_sentence_beforehand(monkeypatch):
    import timm

    def offline(*arguments, **options):
        raise OSError("no route to the hub")

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(ModelError, match=r"resnet101 .* no route to the hub .* --init-weights none\.$"):
        require_trunks([grid("table2").rows[0].cell])


def test_unknown_tables_are_refused():
    with pytest.raises(UnknownNameError, match="got 'table9'"):
        grid("table9")
    with pytest.raises(ReproductionError, match="got 'table9'"):
        published("table9")


def test_all_transcribed_tables_can_be_read():
    assert [len(published(table)) for table in FILES] == [3, 29, 29, 27, 12, 8, 20]
