import pytest
import torch

import robustbench_endo as rb
from robustbench_endo.corruptions import load_suite
from robustbench_endo.errors import RobustEndoError


@pytest.mark.parametrize("name", rb.__all__)
def test_every_public_name_is_there(name):
    assert getattr(rb, name) is not None
    assert name in dir(rb)


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="attribute evalaute"):
        rb.evalaute  # noqa: B018


def test_the_nineteen_of_the_paper():
    names = rb.list_corruptions()
    assert len(names) == 19
    assert names[0] == "gaussian_noise"
    assert {"smoke", "bleeding", "spatter", "brightness"} <= set(names)


def test_corrupt_gives_back_what_it_got():
    images = torch.randint(0, 256, (2, 3, 48, 64), dtype=torch.uint8)
    damaged = rb.corrupt(images, "smoke", severity=3, ids=["a.png", "b.png"], seed=0)
    assert (damaged.shape, damaged.dtype) == (images.shape, torch.uint8)


class Bright(torch.nn.Module):
    def forward(self, images):
        light = images.mean(1, keepdim=True) - 0.6
        return {"segmentation": torch.cat([-light, light, 0 * light - 1], 1)}


def test_evaluate_without_a_folder(make_folder):
    data = rb.load_dataset("folder", root=make_folder())
    results = rb.evaluate(
        {"bright": Bright()}, data, corruptions="contrast", severities=[3], resolution=(32, 32), notes=["a proxy"]
    )
    assert results.info["notes"] == ["a proxy"]
    assert results.path is None
    assert results.gallery() == []
    assert results.info["suite"]["resolution"] == [32, 32]
    assert results.table(["miou"]).shape == (4, 1)
    assert results.frame["diagonal"].iloc[0] == pytest.approx((32**2 * 2) ** 0.5)


def test_own_metrics_get_a_column(make_folder):
    class Px(rb.metrics.Metric):
        name, higher_is_better, unit = "foreground", True, "px"

        def score(self, batch):
            return (batch.preds > 0).sum((1, 2)).double()

    data = rb.load_dataset("folder", root=make_folder())
    results = rb.evaluate({"bright": Bright()}, data, "contrast", [1], metrics=[Px])
    clean = results.scores().query("corruption == 'clean'")
    assert clean["foreground"].iloc[0] == results.frame.query("corruption == 'clean'")["foreground"].mean() > 0


def test_unknown_corruption_suite_and_severity(make_folder):
    data = rb.load_dataset("folder", root=make_folder())
    with pytest.raises(ValueError, match="smoke"):
        rb.evaluate({"bright": Bright()}, data, "smke", [1])
    with pytest.raises(ValueError, match="endo19"):
        rb.evaluate({"bright": Bright()}, data, "smoke", [1], suite="endo20")
    with pytest.raises(RobustEndoError, match="severities from 1 to 5"):
        rb.evaluate({"bright": Bright()}, data, "smoke", [0])


def test_clean_frames_alone(make_folder):
    data = rb.load_dataset("folder", root=make_folder())
    results = rb.evaluate({"bright": Bright()}, data, "clean", suite=load_suite("endo19"))
    assert set(results.frame["corruption"]) == {"clean"}
    assert results.info["corruptions"] == []
    both = rb.evaluate({"bright": Bright()}, data, "clean, contrast", [3])
    assert list(both.frame["corruption"].unique()) == ["clean", "contrast"]
