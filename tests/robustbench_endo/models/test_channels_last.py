"""No model that tests, docs or examples train has the layer that crashes oneDNN on CPUs with AVX-512."""

import re
from pathlib import Path

import pytest
import torch

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.models import load_model
from robustbench_endo.models.backbones.feature_maps import crashes_in_channels_last, to_fast_layout

ROOT = Path(__file__).parents[3]
TINY = re.compile(r"tiny-(?:resnet|endoarss)/[a-z_{}]+(?:@[a-z_=0-9x,]+)?")


def trained_specs() -> list[str]:
    """Specs of the tiny models that appear in tests, docs, examples and README."""
    files = [ROOT / "README.md"]
    files += [path for folder in ("tests", "docs", "examples") for path in (ROOT / folder).rglob("*.*")]
    others = [path for path in files if path.suffix in (".py", ".md", ".ipynb") and path != Path(__file__)]
    texts = [path.read_text("utf-8") for path in others]
    specs = {spec.rstrip(",") for text in texts for spec in TINY.findall(text)}
    return sorted({spec.replace("{architecture}", "tesla").replace("{}", "tesla") for spec in specs})


@pytest.mark.parametrize("spec", trained_specs())
def test_trained_models_have_no_layer_that_crashes(spec):
    try:
        model = load_model(spec, 3, 2)
    except RobustEndoError as error:
        pytest.skip(f"a spec that is refused, so that nothing trains it: {error}")
    assert not crashes_in_channels_last(model)


def test_crashes_in_channels_last_finds_the_layer():
    assert crashes_in_channels_last(torch.nn.Sequential(torch.nn.Conv2d(8, 16, 1, stride=2)))
    for layer in (torch.nn.Conv2d(16, 16, 1, stride=2), torch.nn.Conv2d(8, 16, 1), torch.nn.Conv2d(8, 16, 3, stride=2)):
        assert not crashes_in_channels_last(torch.nn.Sequential(layer))


def test_a_model_with_the_layer_runs_in_contiguous_layout_on_the_cpu():
    model = load_model("tiny-resnet/hps@width=8,head_channels=8,input_size=32x40", 2, 2)
    layouts = []
    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d) and max(layer.stride) > 1 and layer.kernel_size == (1, 1):
            layer.register_forward_pre_hook(lambda _, inputs: layouts.append(inputs[0].is_contiguous()))
    outputs = model.train()(torch.rand(2, 3, 32, 40))
    sum(output.sum() for output in outputs.values()).backward()
    assert layouts
    assert all(layouts)


def test_to_fast_layout_is_channels_last_without_the_layer():
    images = torch.rand(2, 3, 8, 10)
    assert to_fast_layout(images, contiguous_on_cpu=False).is_contiguous(memory_format=torch.channels_last)
    assert to_fast_layout(images, contiguous_on_cpu=True).is_contiguous()
