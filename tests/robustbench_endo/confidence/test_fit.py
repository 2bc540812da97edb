"""Calibration of a model end to end: temperatures, sets, what is stored, and what is refused."""

import numpy as np
import pytest

from robustbench_endo.confidence.calibration import Calibration
from robustbench_endo.confidence.fit import calibrate_confidence
from robustbench_endo.errors import RobustEndoError


@pytest.fixture(scope="module")
def fitted(simulated, make_data):
    return calibrate_confidence(simulated(2.0), make_data(0, 12, 3), alpha=0.2)


def test_temperature_of_an_overconfident_model_is_recovered(fitted):
    assert fitted.tasks["segmentation"].temperature == pytest.approx(2, rel=0.05)
    segmentation = fitted.tasks["segmentation"]
    assert segmentation.ece_after < segmentation.ece_before


def test_promise_is_a_bound_over_subjects(fitted):
    for task in fitted.tasks.values():
        assert task.units == 12
        assert task.bound == pytest.approx((12 * task.risk + 1) / 13)
        assert task.bound <= fitted.alpha
        assert 0 <= task.threshold < 1
    assert 0.5 <= fitted.tasks["segmentation"].set_size <= 3  # a set may be empty


def test_promise_holds_on_further_patients(simulated, make_data, fitted):
    """One calibration, so that the risk of 40 patients only has to be near the bound."""
    risk = calibrate_confidence(simulated(2.0), make_data(9, 40), alpha=0.2).tasks["segmentation"]
    assert risk.threshold == pytest.approx(fitted.tasks["segmentation"].threshold, rel=0.3)


def test_file_has_model_data_and_settings(fitted, tmp_path):
    fitted.save(tmp_path / "calibration.json")
    again = Calibration.load(tmp_path / "calibration.json")
    assert again == fitted
    assert again.sha256 == fitted.sha256
    assert (fitted.unit, fitted.alpha) == ("subject", 0.2)
    assert fitted.settings == {"resolution": "512", "region": "frame", "precision": "fp32"}
    assert len(fitted.data["frame_digests"]) == len(fitted.data["image_checksums"]) == fitted.data["frames"] == 36
    assert fitted.data["subjects"][:2] == ["simulated 0", "simulated 1"]
    assert len(fitted.model["weights_sha256"]) == 64


def test_frames_as_units_need_no_patients(simulated, make_data):
    fit = calibrate_confidence(simulated(), make_data(0, 2, 6), alpha=0.2, unit="frame")
    assert fit.tasks["activity"].units == 12


def test_too_few_subjects_cannot_promise(simulated, make_data):
    text = (
        "Expected at least 9 labelled subjects for the promise alpha 0.1, got 4, which cannot promise less than 0.2: "
        "raise --alpha, or add subjects, or give --unit frame"
    )
    with pytest.raises(RobustEndoError, match=text):
        calibrate_confidence(simulated(), make_data(0, 4), alpha=0.1)


@pytest.mark.parametrize("alpha", [0, 1, 10])
def test_alpha_outside_its_range_is_refused(simulated, make_data, alpha):
    with pytest.raises(RobustEndoError, match="Expected alpha above 0 and below 1"):
        calibrate_confidence(simulated(), make_data(0, 4), alpha=alpha)


def test_unknown_unit_and_several_models_are_refused(simulated, make_data):
    data = make_data(0, 4)
    with pytest.raises(RobustEndoError, match="Expected unit to be one of subject, frame, got 'patient'"):
        calibrate_confidence(simulated(), data, alpha=0.5, unit="patient")
    with pytest.raises(RobustEndoError, match=r"Expected one model to calibrate, got 2 \(a, b\)"):
        calibrate_confidence({"a": simulated(), "b": simulated()}, data, alpha=0.5)


def test_model_without_valid_predictions_is_refused(simulated, make_data):
    with pytest.raises(RobustEndoError, match="Expected labelled frames with a valid prediction to calibrate on"):
        calibrate_confidence(simulated(broken=True), make_data(0, 4), alpha=0.5)


def test_calibration_and_adaptation_are_refused(simulated, make_data, fitted, tmp_path):
    fitted.save(tmp_path / "c.json")
    for options in ({"calibration": str(tmp_path / "c.json")}, {"adapt": "bn"}):
        with pytest.raises(RobustEndoError, match=r"."):
            calibrate_confidence(simulated(2.0), make_data(1, 4), alpha=0.5, **options)


def test_same_fit_gives_the_same_numbers(simulated, make_data, fitted):
    again = calibrate_confidence(simulated(2.0), make_data(0, 12, 3), alpha=0.2, batch_size=2)
    for name, task in again.tasks.items():
        np.testing.assert_allclose(task.threshold, fitted.tasks[name].threshold)
        assert task.temperature == pytest.approx(fitted.tasks[name].temperature, rel=1e-4)
