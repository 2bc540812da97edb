"""Event files, read back by TensorBoard."""

import pytest

from robustbench_endo.tracking import log_results


@pytest.fixture(scope="module")
def events():
    pytest.importorskip("tensorboard", reason="the extra `train` is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def read(folder):
        accumulator = EventAccumulator(str(folder))
        accumulator.Reload()
        return accumulator

    return read


def test_log_tensorboard_writes_curves_summary_and_settings(logged_run, events, tmp_path):
    command = log_results(logged_run, "tensorboard", tmp_path)["tensorboard"]
    assert command == f"tensorboard --logdir {tmp_path / 'tensorboard'}"
    run = events(tmp_path / "tensorboard" / "ours" / "b")
    scores = logged_run.scores().query("model == 'ours/b' and corruption in ('clean', 'contrast')")
    assert [(event.step, event.value) for event in run.Scalars("miou/contrast")] == [
        (row.severity, pytest.approx(row.miou, rel=1e-5)) for row in scores.itertuples()
    ]
    mean = logged_run.table(("miou",)).loc[("mean", "all"), ("miou", "ours/b")]
    assert run.Scalars("summary/mean/miou")[0].value == pytest.approx(mean, rel=1e-5)
    text = events(tmp_path / "tensorboard").Tensors("settings/text_summary")[0].tensor_proto.string_val[0].decode()
    assert "| severities | 1, 3 |" in text


def test_log_tensorboard_again_replaces_the_events(logged_run, events, tmp_path):
    for _ in range(2):
        log_results(logged_run, "tensorboard", tmp_path, ["miou"])
    run = events(tmp_path / "tensorboard" / "ours" / "a")
    assert [event.step for event in run.Scalars("miou/mean")] == [0, 1, 3]
