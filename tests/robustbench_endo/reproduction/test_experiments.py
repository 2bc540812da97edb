"""The grids contain every row of the paper, and rows of one network share one training."""

import math

import pytest

from robustbench_endo.errors import ReproductionError, UnknownNameError
from robustbench_endo.models.zoo import is_zoo_spec
from robustbench_endo.reproduction import GRIDS, grid, published
from robustbench_endo.reproduction.experiments import FILES, cell
from robustbench_endo.training.weighting import list_weightings


@pytest.mark.parametrize(
    ("table", "rows"), [("table2", 29), ("table3", 29), ("table4", 27), ("table5", 12), ("table6", 8)]
)
def test_grid_contains_every_row_of_its_table(table, rows):
    experiments = grid(table)
    assert len(experiments.rows) == len(published(table)) == rows
    for row, (_, line) in zip(experiments.rows, published(table).iterrows(), strict=True):
        assert {key: str(line[key]) for key in experiments.keys} == dict(row.labels)
        assert row.published == {name: line[name] for name in experiments.metrics if not math.isnan(line[name])}


def test_grid_of_table_seven_has_every_corruption_of_the_suite():
    rows = grid("table7").rows
    assert len(rows) == 20 * 3
    names = list(dict.fromkeys(row.corruption for row in rows))
    from robustbench_endo import list_corruptions

    assert set(names) == {*list_corruptions("endoarss"), "mean"}
    assert {row.published["miou"] for row in rows if row.corruption == "mean"} == {72.06, 72.88, 79.57}


def test_grid_networks_and_weightings_exist():
    cells = {each for name in GRIDS for each, _ in grid(name).runs}
    assert all(is_zoo_spec(each.model) for each in cells)
    assert {each.weighting for each in cells} <= set(list_weightings())
    assert len({each.folder for each in cells}) == len(cells) == 29 + 29 + 6


@pytest.mark.parametrize("table", ["table5", "table6"])
def test_grid_of_ablation_and_rank_repeats_numbers_of_the_comparison(table):
    """A switch with another network than the paper's would have other numbers."""
    known = {
        row.cell: row.published["miou"]
        for name in ("table2", "table3")
        for row in grid(name).rows
        if "miou" in row.published
    }
    shared = [row for row in grid(table).rows if row.cell in known]
    assert len(shared) == {"table5": 12, "table6": 2}[table]
    assert [known[row.cell] for row in shared] == [row.published["miou"] for row in shared]


def test_grid_of_table_four_trains_nothing_new():
    assert {each for each, _ in grid("table4").runs} < {each for each, _ in grid("table3").runs}
    assert {test_data for _, test_data in grid("table4").runs} == {"mtlendovis-gen"}


def test_cell_rank_is_an_option_of_the_spec_except_the_default():
    assert cell("MTLESD", "EndoARSS", "TESLA", "DB-MTL", 8).model == "endoarss/tesla@rank=8"
    assert cell("MTLESD", "EndoARSS", "TESLA", "DB-MTL", 4).model == "endoarss/tesla"


def test_grid_single_task_networks_have_numbers_of_their_task():
    rows = {row.cell.task: row for row in grid("table2").rows}
    assert set(rows["classification"].published) == {"accuracy", "f_score"}
    assert set(rows["segmentation"].published) == {"miou", "dice", "hd", "ssim"}


def test_grid_of_an_unknown_table_raises():
    with pytest.raises(UnknownNameError, match="got 'table9'"):
        grid("table9")
    with pytest.raises(ReproductionError, match="got 'table9'"):
        published("table9")


def test_published_tables_can_all_be_read():
    assert [len(published(table)) for table in FILES] == [3, 29, 29, 27, 12, 8, 20]
