"""Where initial weights come from."""

from robustbench_endo.models.network import Network
from robustbench_endo.models.zoo import build
from robustbench_endo.training import trainer as init_weights


def test_pretrained_means_the_backbone_where_timm_has_it(monkeypatch):
    asked = []
    monkeypatch.setattr(init_weights, "has_pretrained_trunk", lambda spec: asked.append(spec) or True)
    monkeypatch.setattr(
        Network, "adopt_trunk", lambda self, tensors: ["heads.activity.3.weight", "heads.activity.3.bias"]
    )
    assert init_weights.initialise(build("tiny-resnet/hps", 3, 2), "pretrained") == ["heads.activity.3"]
    assert asked == ["tiny-resnet/hps"]


def test_pretrained_means_the_shipped_checkpoint_elsewhere():
    assert not init_weights.initialise(build("tiny-resnet/mmoe", 7, 3), "pretrained")
