"""The README of a checkpoint agrees with its own numbers."""

import json

import pytest

from robustbench_endo.models import SHIPPED
from robustbench_endo.models.checkpoint import folder_of, read_card
from robustbench_endo.models.readme import README, readme_of, write_readme


@pytest.mark.parametrize("spec", SHIPPED)
def test_readme_of_a_shipped_checkpoint_is_generated_from_its_numbers(spec):
    folder = folder_of(spec)
    if not folder.is_dir():
        pytest.skip("the checkpoints are missing: make checkpoints")
    text = (folder / README).read_text(encoding="utf-8")
    assert text == readme_of(read_card(folder)), "write it again: robustbench_endo.models.readme.write_readme"
    content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    training = content["training"]
    for part in (
        f"# {spec}\n",
        "| licence of the weights | Apache-2.0 |",
        f"| training data | synthetic, {training['frames']} frames |",
        f"| seed | {training['settings']['seed']} |",
        f"| miou on validation scenes | {100 * training['miou']:.2f} % |",
        f"| accuracy on validation scenes | {100 * training['activity_head']['accuracy']:.2f} % |",
        ", ".join(content["classes"]),
        "## Limits",
        "not to predict anything about real frames",
    ):
        assert part in text


def test_write_readme_of_another_checkpoint(checkpoint):
    write_readme(checkpoint)
    text = (checkpoint / README).read_text(encoding="utf-8")
    assert "| segmentation | tissue, shaft, jaw |" in text
    assert "synthetic" not in text
