"""`robust-endo sample-size`."""

import pytest


@pytest.fixture(scope="module")
def pilot(tmp_path_factory):
    """A run of two models on frames of four subjects, written from records."""
    import robustbench_endo as rb

    folder = tmp_path_factory.mktemp("pilot") / "run"
    models = {name: rb.load_model(name, weights="pretrained") for name in ("tiny-resnet/mmoe", "tiny-endoarss/tesla")}
    data = rb.load_dataset("synthetic", split="test")
    rb.evaluate(models, data, "contrast", (3,), folder, gallery_frames=0, limit=4)
    return folder


def test_sample_size_prints_intervals_and_differences(robust_endo, pilot):
    result = robust_endo(
        "sample-size", pilot, "--half-width", 0.05, "--power", 0.8, "--margin", 0.05, "--frames", "4,8"
    )
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    assert "mIoU (%): subjects for an interval of ± 5.0" in text
    assert "a difference of 5.0" in text
    assert "power 80 %" in text


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--half-width", 0.05, "--power", 0.8), "a power together with a margin"),
        (("--half-width", 0), "a half-width above 0"),
        (("--half-width", 0.05, "--frames", "ten"), "numbers of frames such as 10,20,50, got 'ten'"),
        (("--half-width", 0.05, "--metric", "iou"), "a metric of the run, got 'iou'"),
    ],
)
def test_sample_size_rejects_bad_input(robust_endo, pilot, options, text):
    result = robust_endo("sample-size", pilot, *options)
    assert result.exit_code == 2, result.output
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert text in errors[0]
