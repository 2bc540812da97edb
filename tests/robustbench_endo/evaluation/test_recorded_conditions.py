"""Recorded conditions: images taken in smoke or low light, evaluated with the corruptions."""

from dataclasses import dataclass
from io import StringIO

import numpy as np
import pandas as pd
import pytest
import torch
from rich.console import Console
from torch import nn

import robustbench_endo as rb
from robustbench_endo.data import FolderDataset
from robustbench_endo.errors import DataError, FrameError, RobustEndoError, RunError, UnknownNameError
from robustbench_endo.reports import print_robustness
from robustbench_endo.results import combine_runs, compare
from robustbench_endo.results.joint_failures import joint_failure_names


@dataclass(frozen=True)
class Paired(FolderDataset):
    """A folder whose frames were also taken in smoke (brighter) and low light (darker)."""

    missing: tuple[int, ...] = ()
    smaller: tuple[int, ...] = ()
    names: tuple[str, ...] = ("recorded_smoke", "recorded_low_light")

    name = "paired"

    @property
    def recorded_conditions(self) -> tuple[str, ...]:
        return self.names

    def recorded(self, index: int, condition: str) -> torch.Tensor:
        if index in self.missing and condition == "recorded_smoke":
            raise FrameError(f"Expected an image in smoke for {self.ids[index]}, got none: add it.")
        image = self[index].image
        recorded = image // 2 + 100 if condition == "recorded_smoke" else image // 3
        return recorded[:, ::2] if index in self.smaller else recorded


class Threshold(nn.Module):
    """Labels bright pixels as instrument."""

    input_size = None

    def __init__(self, level: float) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.tensor(level))

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        light = images.mean(1, keepdim=True) - self.level
        mean = light.mean((1, 2, 3))[:, None]
        return {
            "segmentation": torch.cat((-20 * light, 20 * light, torch.full_like(light, -9)), 1),
            "activity": torch.cat((mean, -mean), 1),
        }


MODELS = {"low": Threshold(0.6), "high": Threshold(0.7)}


@pytest.fixture
def evaluate(make_folder):
    root = make_folder(frames=3)

    def run(
        corruptions="gaussian_noise,contrast,recorded", severities=(1, 3), models=MODELS, plain=False, out=None, **data
    ):
        dataset = FolderDataset(root) if plain else Paired(root, **data)
        return rb.evaluate(models, dataset, corruptions, severities, out)

    return run


def test_recorded_conditions_are_records_of_severity_one(evaluate):
    results = evaluate()
    recorded = results.frame[results.frame["corruption"].isin(["recorded_smoke", "recorded_low_light"])]
    assert results.recorded_conditions == ["recorded_smoke", "recorded_low_light"]
    assert results.corruptions == ["gaussian_noise", "contrast"]
    assert len(recorded) == 2 * 2 * 6
    assert set(recorded["severity"]) == {1}
    assert results.info["recorded_conditions"][0] == {"name": "recorded_smoke", "category": "recorded", "severity": 1}
    assert results.info["identity"]["recorded_conditions"] == ["recorded_smoke", "recorded_low_light"]


def test_recorded_conditions_distortion_is_measured_against_the_clean_frame(evaluate, tmp_path):
    row = evaluate("recorded_low_light").frame.query("corruption == 'recorded_low_light'").iloc[0]
    image = Paired(tmp_path / "data")[0].image
    clean, dark = image.double() / 255, (image // 3).double() / 255
    assert row["image_psnr"] == pytest.approx(float(-10 * (clean - dark).square().mean().log10()), abs=1e-3)
    assert 0 < row["image_ssim"] < 1


def test_recorded_conditions_are_scored_against_the_clean_mask(evaluate):
    frame = evaluate("recorded").frame.set_index(["model", "corruption", "image_id"])
    counts = [f"{kind}_{label}" for kind in ("tp", "fn") for label in range(3)]
    pixels = frame[counts].to_numpy().reshape(len(frame), 2, 3).sum(1)
    target = pd.DataFrame(pixels, frame.index).groupby("image_id").nunique()
    assert (target == 1).all(axis=None)


def test_recorded_conditions_do_not_change_numbers_of_corruptions(evaluate):
    both, plain = evaluate(), evaluate("gaussian_noise,contrast", plain=True)
    rows = plain.table().index
    pd.testing.assert_frame_equal(both.table().loc[rows], plain.table(), check_exact=True)
    assert [key for key in both.table().index if key not in rows] == [
        ("recorded", "recorded_smoke"),
        ("recorded", "recorded_low_light"),
        ("mean", "recorded"),
    ]
    pd.testing.assert_frame_equal(both.robustness(baseline="low"), plain.robustness(baseline="low"), check_exact=True)
    pd.testing.assert_frame_equal(both.failures().loc[rows], plain.failures(), check_exact=True)
    pd.testing.assert_frame_equal(both.joint_failures(), plain.joint_failures(), check_exact=True)
    settings = rb.results.Resampling(resamples=200)
    pd.testing.assert_frame_equal(
        both.envelope({"dice": 0.2}, settings), plain.envelope({"dice": 0.2}, settings), check_exact=True
    )
    ours, theirs = (compare(results, ("dice",), resampling=settings).differences for results in (both, plain))
    shared = ours[(ours["category"] != "recorded") & (ours["corruption"] != "recorded")].reset_index(drop=True)
    pd.testing.assert_frame_equal(shared, theirs)
    assert ours.loc[ours["category"] == "recorded", "p_adjusted"].notna().all()


def test_recorded_conditions_rows_are_their_scores(evaluate):
    results = evaluate()
    table, scores = results.table(("dice",)), results.scores().set_index(["model", "corruption"])
    for model in MODELS:
        single = [scores.loc[(model, name), "dice"] for name in results.recorded_conditions]
        assert (
            table.loc[[("recorded", name) for name in results.recorded_conditions], ("dice", model)].tolist() == single
        )
        assert table.loc[("mean", "recorded"), ("dice", model)] == pytest.approx(np.mean(single))


@pytest.mark.slow
def test_recorded_conditions_are_part_of_all(evaluate):
    results = evaluate("all", severities=(1,), models={"low": MODELS["low"]})
    assert len(results.corruptions) == 19
    assert results.recorded_conditions == ["recorded_smoke", "recorded_low_light"]
    assert evaluate("all", severities=(1,), models={"low": MODELS["low"]}, plain=True).recorded_conditions == []


@pytest.mark.parametrize(
    ("words", "synthetic", "recorded"),
    [
        ("recorded", [], ["recorded_smoke", "recorded_low_light"]),
        ("recorded_low_light", [], ["recorded_low_light"]),
        (["contrast", "recorded_smoke"], ["contrast"], ["recorded_smoke"]),
        ("contrast", ["contrast"], []),
    ],
)
def test_recorded_conditions_selection(evaluate, words, synthetic, recorded):
    results = evaluate(words)
    assert (results.corruptions, results.recorded_conditions) == (synthetic, recorded)


def test_recorded_conditions_only_run_has_a_report(evaluate, tmp_path):
    results = evaluate("recorded")
    assert list(results.table().index) == [
        ("clean", "clean"), ("recorded", "recorded_smoke"), ("recorded", "recorded_low_light"), ("mean", "recorded")
    ]  # fmt: skip
    print_robustness(results, Console(file=StringIO()), ("dice",), intervals=rb.results.Resampling(resamples=200))
    rb.report(results, tmp_path / "report.html")
    assert "Recorded low light" in (tmp_path / "report.html").read_text("utf-8")


def test_recorded_conditions_missing_image_affects_one_condition(evaluate):
    results, full = evaluate(missing=(1, 2)), evaluate()
    counts = results.scores().set_index(["model", "corruption", "severity"])["images"]
    assert counts["low", "recorded_smoke", 1] == 4
    assert counts["low", "recorded_low_light", 1] == counts["low", "clean", 0] == 6
    assert [failure["id"] for failure in results.info["failures"]] == list(full.frame["image_id"][1:3])
    assert "Left out at recorded_smoke: Expected an image in smoke" in results.info["failures"][0]["reason"]
    keys = ["model", "corruption", "severity", "image_id"]
    expected = full.frame.copy().set_index(keys).loc[results.frame.set_index(keys).index].reset_index()
    pd.testing.assert_frame_equal(expected[results.frame.columns], results.frame)


def test_recorded_conditions_without_any_image_have_no_records(evaluate):
    results = evaluate("recorded", missing=tuple(range(6)))
    assert len(results.info["failures"]) == 6
    assert results.table().loc[("recorded", "recorded_smoke")].isna().all()


def test_recorded_conditions_image_of_another_size_is_left_out(evaluate):
    results = evaluate("recorded_smoke", smaller=(0,))
    (failure,) = results.info["failures"]
    assert "Expected an image of the size of the frame (64 x 48), got 64 x 24" in failure["reason"]


def test_recorded_conditions_run_resumes_to_the_same_bytes(evaluate, tmp_path):
    evaluate(out=tmp_path / "full", missing=(1,))
    evaluate(out=tmp_path / "killed", missing=(1,))
    (tmp_path / "killed/results.parquet").unlink()
    for chunk in (1, 4):
        (tmp_path / f"killed/records/chunk-{chunk:05d}.parquet").unlink()
    evaluate(out=tmp_path / "killed", missing=(1,))
    assert (tmp_path / "killed/results.parquet").read_bytes() == (tmp_path / "full/results.parquet").read_bytes()
    with pytest.raises(RunError, match="recorded_conditions changed"):
        evaluate("gaussian_noise,contrast", out=tmp_path / "full")


def test_recorded_conditions_of_combined_runs_are_those_of_all(evaluate):
    low = evaluate(models={"low": MODELS["low"]}, severities=(3,))
    high = evaluate("gaussian_noise,recorded_smoke", models={"high": MODELS["high"]}, severities=(3,))
    both = combine_runs([low, high])
    assert both.recorded_conditions == ["recorded_smoke"]
    assert both.table().loc[("recorded", "recorded_smoke")].notna().all()
    assert "recorded_low_light" not in set(both.frame["corruption"])


def test_recorded_conditions_do_not_enter_joint_failures(evaluate):
    results = evaluate("recorded,contrast")
    names = list(joint_failure_names(*reversed(results.tasks)))
    assert results.joint_failures()[names].sum(axis=1).to_numpy() == pytest.approx(100)


@pytest.mark.parametrize(
    ("corruptions", "data", "error", "text"),
    [
        (
            "recorded",
            {"plain": True},
            DataError,
            "Expected data with recorded conditions for 'recorded', got none .*segstrong-c",
        ),
        (
            "recorded_smok",
            {},
            UnknownNameError,
            "Expected the name of a recorded condition.*did you mean recorded_smoke",
        ),
        ("recorded,smok", {}, RobustEndoError, None),
        ("all", {"names": ("smoke",)}, DataError, "that begin with 'recorded_', got 'smoke'"),
    ],
)
def test_recorded_conditions_reject_bad_selections(evaluate, corruptions, data, error, text):
    with pytest.raises(ValueError if text is None else error, match=text or "did you mean.*smoke"):
        evaluate(corruptions, **data)


@pytest.mark.gpu
def test_recorded_conditions_with_gaps_on_a_gpu_have_the_records_of_the_cpu(make_folder, gpu):
    data, words = Paired(make_folder(frames=3), missing=(1, 4)), "contrast,recorded"
    on_gpu, again, on_cpu = (
        rb.evaluate(MODELS, data, words, (1,), None, device=device, precision="fp32")
        for device in (str(gpu), str(gpu), "cpu")
    )
    pd.testing.assert_frame_equal(on_gpu.frame, again.frame, check_exact=True)
    assert on_gpu.info["failures"] == on_cpu.info["failures"]
    assert len(on_gpu.info["failures"]) == 2
    keys = ["model", "corruption", "severity", "image_id"]
    frames = [results.frame.sort_values(keys).reset_index(drop=True) for results in (on_gpu, on_cpu)]
    pd.testing.assert_frame_equal(frames[0][keys], frames[1][keys])
    names = [name for name in frames[0] if name.startswith("confidence")]
    pd.testing.assert_frame_equal(frames[0][names], frames[1][names], atol=1e-3, rtol=0)
