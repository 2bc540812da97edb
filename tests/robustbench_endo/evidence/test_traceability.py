"""Each row of the traceability table: its hazard, its criterion, its result, and the records behind it."""

import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evidence.fingerprint import records_sha256
from robustbench_endo.evidence.hazards import Bound, Hazard
from robustbench_endo.evidence.pack import Inputs, Pack
from robustbench_endo.evidence.traceability import inline_criterion


def rows_of(pack, hazard):
    return {row.criterion: row for row in pack.rows if row.hazard == hazard}


def test_rows_are_those_of_the_criteria_of_each_hazard(pack):
    assert [(row.hazard, row.criterion) for row in pack.rows] == [
        ("H1", "clean-dice"),
        ("H1", "H1:dice>=0.05"),
        ("H1", "smoke-change"),
        ("H2", "smoke-dice"),
    ]


def test_result_is_that_of_the_gate(pack):
    (result,) = (each for each in pack.gates.plan.criteria if each.id == "smoke-dice")
    row = rows_of(pack, "H2")["smoke-dice"]
    assert (row.value, row.low, row.high, row.verdict) == (result.value, result.low, result.high, result.verdict)
    assert (row.subjects, row.frames, row.records) == (7, 7, 7)
    assert row.requirement == "dice ≥ 50 %"
    assert row.conditions == "smoke, severity 1"


def test_checksum_is_of_exactly_the_records_of_the_row(pack, results):
    row, frame = rows_of(pack, "H1")["H1:dice>=0.05"], results.frame
    records = frame[(frame["corruption"] == "smoke") & frame["severity"].isin([1, 3])]
    assert row.records == len(records) == 14
    assert row.records_sha256 == records_sha256(records, row.columns)
    assert {"tp_0", "fp_6", "fn_3"} <= set(row.columns)
    clean = rows_of(pack, "H1")["clean-dice"]
    assert clean.records_sha256 == records_sha256(frame[frame["corruption"] == "clean"], clean.columns)


def test_margins_have_the_checksum_of_the_baseline_too(pack):
    row = rows_of(pack, "H1")["smoke-change"]
    assert row.baseline_sha256 == row.records_sha256
    assert row.requirement == "difference of miou ≥ -5 %"
    assert row.value == 0
    assert rows_of(pack, "H1")["clean-dice"].baseline_sha256 == ""


def test_inline_bounds_are_about_the_worst_condition(results):
    hazard = Hazard("H9", "x", ("smoke", "contrast", "glass_blur"), (1, 2, 3))
    criterion = inline_criterion(hazard, Bound("hd95", 40, False), results)
    assert criterion.aggregate == "worst"
    assert (criterion.corruption, criterion.severities) == (("smoke", "contrast"), (1, 3))
    assert (criterion.at_least, criterion.at_most) == (None, 40)


def test_inline_bounds_without_a_condition_of_the_run_are_none(results):
    bound = Bound("dice", 0.5, True)
    assert inline_criterion(Hazard("H9", "x", ("glass_blur",), (1,)), bound, results) is None
    assert inline_criterion(Hazard("H9", "x", ("smoke",), (2,)), bound, results) is None
    assert inline_criterion(Hazard("H9", "x"), bound, results) is None
    clean = inline_criterion(Hazard("H9", "x", ("clean",)), bound, results)
    assert (clean.corruption, clean.severities) == (("clean",), ())


@pytest.mark.parametrize(
    ("criterion", "message"),
    [
        ("dicee>=0.5", "Expected the name of a metric of the run .*, got 'dicee': did you mean dice"),
        ("dice<=0.5", "Expected at_least for dice, where higher is better"),
        ("hd95>=5", "Expected at_most for hd95, where lower is better"),
        ("dice>=70", "Expected a bound for dice between 0 and 1 .*, got 70"),
        ("dice>=-1", "Expected a bound for dice between 0 and 1"),
        ("image_ssim>=0.5", "Expected a metric with a direction"),
        ("dice[nothing]>=0.5", "Expected a class of the run"),
        ("smoke-dice", "Expected a plan with the criterion 'smoke-dice' of hazard H1, got none: give --plan"),
    ],
)
def test_criteria_that_the_run_cannot_have_are_one_sentence(results, criterion, message):
    text = f"id,hazard,corruptions,severities,criterion\nH1,Smoke,smoke,1,{criterion}\n"
    with pytest.raises(RobustEndoError, match=message):
        _ = Pack(results, Inputs(text.encode()), {}).rows


def test_unknown_criteria_and_superfluous_baselines_are_errors(pack, results):
    text = b"id,hazard,corruptions,severities,criterion\nH1,Smoke,smoke,1,smoke-dic\n"
    with pytest.raises(
        RobustEndoError, match="name of a criterion of the plan, got 'smoke-dic': did you mean smoke-dice"
    ):
        _ = Pack(results, Inputs(text, pack.inputs.plan, results), {}).rows
    with pytest.raises(RobustEndoError, match="Expected a plan for the baseline run, got none"):
        _ = Pack(results, Inputs(text.replace(b"smoke-dic", b"dice>=0.5"), None, results), {}).rows
