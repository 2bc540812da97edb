"""Calls of evaluate as people write them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import robustbench_endo as rb
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.call import call_config


class Bright(nn.Module):
    """Labels bright pixels; a plain tensor."""

    def forward(self, images: Tensor) -> Tensor:
        light = images.mean(1, keepdim=True) - 0.6
        return torch.cat([-light, light, 0 * light - 1], 1)


def test_evaluate_a_network_in_a_folder_at_one_severity(make_folder: Any) -> None:
    net = Bright().train()
    results = rb.evaluate(net, make_folder(), "contrast", 3, resolution=(32, 32))
    by_task = rb.evaluate(
        {"Bright": lambda images: {"segmentation": net(images)}},
        rb.load_dataset("folder", root=make_folder()),
        "contrast",
        [3],
        resolution=(32, 32),
    )
    assert results.info["severities"] == [3]
    assert [entry["name"] for entry in results.info["models"]] == ["Bright"]
    assert results.frame.equals(by_task.frame)
    assert net.training


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        ((3, "synthetic"), {}, "Expected models to be a network"),
        ((Bright(), 3), {}, "Expected data to be a data set"),
        ((Bright(), "synthetic", "smok"), {}, "got 'smok': did you mean smoke"),
        ((Bright(), "synthetic", "smoke", 6), {}, "Expected severities from 1 to 5, got 6"),
        ((Bright(), "synthetic"), {"severity": 3}, "write severities="),
        ((Bright(), "synthetic"), {"metrics": ["dice"]}, "got the name 'dice'"),
        ((Bright(), "synthetic"), {"out": 3}, "Expected out to be a folder"),
    ],
)
def test_evaluate_says_in_one_sentence_what_is_wrong(arguments: Any, options: Any, text: str) -> None:
    with pytest.raises(RobustEndoError, match=text) as caught:
        rb.evaluate(*arguments, **options)
    assert "\n" not in str(caught.value)


def test_call_config_checks_every_option(tmp_path: Any) -> None:
    config = call_config(["smoke"], 3, tmp_path, None, "local", {"notes": "a proxy"})
    assert (config.corruptions, config.severities, config.notes) == (("smoke",), (3,), ("a proxy",))
    with pytest.raises(RobustEndoError, match="Expected limit"):
        call_config("smoke", 3, tmp_path, None, "local", {"limit": "x"})
