import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.conditions import plan


def test_clean_first_then_all():
    assert plan(["smoke", "contrast"], (5, 1, 1)) == [
        ("clean", 0), ("smoke", 1), ("smoke", 5), ("contrast", 1), ("contrast", 5),
    ]  # fmt: skip


@pytest.mark.parametrize("severities", [(0,), (6,), ()])
def test_severities_outside_1_to_5(severities):
    with pytest.raises(RobustEndoError, match="Expected severities from 1 to 5, got"):
        plan(["smoke"], severities)
