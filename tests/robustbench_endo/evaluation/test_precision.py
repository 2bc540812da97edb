import pytest
import torch
from torch import nn

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evaluation.device import choose_precision
from robustbench_endo.evaluation.run import run


@pytest.mark.parametrize(("name", "chosen"), [("auto", "fp32"), ("fp32", "fp32"), ("bf16", "bf16")])
def test_the_cpu_is_asked_before_it_rounds(name, chosen):
    assert choose_precision(name, torch.device("cpu")) == chosen


def test_an_unknown_precision():
    with pytest.raises(RobustEndoError, match="Expected a precision of auto, fp32, bf16, got 'fp16'"):
        choose_precision("fp16", torch.device("cpu"))


class Typed(nn.Module):
    """Tells the type its products come in."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 1)
        self.types: list[torch.dtype] = []

    def forward(self, images):
        logits = self.layer(images)
        self.types.append(logits.dtype)
        return {"segmentation": logits}


def test_models_compute_in_bf16_and_the_run_says_so(make_request):
    model = Typed()
    request = make_request(frames=1, models={"m": model}, precision="bf16", workers=1)
    results = run(request)
    assert set(model.types) == {torch.bfloat16}
    assert results.info["precision"] == "bf16"
    with pytest.raises(RunError, match='precision was "bf16", is null'):
        run(make_request(frames=1, models={"m": model}))
