"""`robust-endo export`."""

import pytest
import torch


@pytest.mark.slow
def test_export_writes_a_shipped_model(robust_endo, tmp_path):
    out = tmp_path / "model.pt2"
    result = robust_endo("export", "tiny-resnet/mmoe", "--out", out)
    assert result.exit_code == 0, result.output
    assert "Its logits differ from those of the model by at most" in result.output
    assert set(torch.export.load(out).module()(torch.rand(2, 3, 160, 208))) == {"segmentation", "activity"}


def test_export_with_a_wrong_size_names_the_form(robust_endo, tmp_path):
    result = robust_endo("export", "tiny-resnet/mmoe", "--size", "big", "--out", tmp_path / "x")
    assert result.exit_code == 2
    assert "Expected HEIGHTxWIDTH in pixels, got 'big'" in result.output
