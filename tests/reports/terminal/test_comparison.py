"""The printed comparison holds the numbers of the comparison, whole at 80 columns."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from robustbench_endo.reports import print_comparison
from robustbench_endo.reports.formatting import p_text, signed
from robustbench_endo.results import Bootstrap, compare


@pytest.fixture(scope="module")
def found(usual_run):
    return compare(usual_run, ("miou",), bootstrap=Bootstrap(resamples=300))


def printed(found, **options) -> str:
    console = Console(file=io.StringIO(), width=80, **options)
    print_comparison(found, console)
    return console.file.getvalue()


def test_every_difference_with_its_interval_and_p_value(found):
    text = printed(found)
    assert max(map(len, text.splitlines())) <= 80
    for row in found.differences.itertuples():
        p = row.p if row.category in ("clean", "mean") else row.p_holm
        ends = f"{signed(row.low)} to {signed(row.high)}"
        wanted = (f"{row.value:.2f}", signed(row.difference), ends, p_text(p))
        assert any(all(part in line for part in wanted) for line in text.splitlines()), wanted
    assert "tiny-endoarss/tesla less tiny-resnet/dselect_k" in text


def test_unit_and_warning_stand_below(found):
    text = " ".join(printed(found).split())
    assert found.unit in text
    assert "as if they were independent" in text


def test_a_clear_difference_is_bold(found):
    coloured = printed(found, force_terminal=True, color_system="standard")
    means = found.differences[found.differences["category"] == "mean"]
    clear = means[means["p"] < 0.05].iloc[0]
    assert re.search(rf"\x1b\[1m *{re.escape(signed(clear.difference))}", coloured)


def test_p_values_are_written_without_false_precision():
    assert [p_text(p) for p in (0.0004, 0.0123, 1.0, float("nan"))] == ["<0.001", "0.012", "1.000", "–"]
