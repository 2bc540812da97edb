"""Backbones from timm: geometry at any size, frozen trunks, and where their weights come from."""

from __future__ import annotations

import re

import pytest
import timm
import torch

from robustbench_endo.errors import ModelError
from robustbench_endo.models import build
from robustbench_endo.models.layers.lora import LowRank, VectorLowRank
from robustbench_endo.models.weights import load_matching, load_weights

SMALL = "size=s,depth=1,head_channels=8,input_size=any"


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        ("tiny-resnet/hps", (160, 208)),
        ("tiny-endoarss/hps", (160, 208)),
        (f"dinov2/hps@{SMALL}", (154, 210)),
        (f"dinov3/hps@{SMALL}", (160, 208)),
        (f"endoarss/hps@{SMALL},sma_dim=8", (154, 210)),
        ("resnet101/hps@depth=1,input_size=any", (160, 208)),
        ("timm:vit_tiny_patch16_224/hps@depth=1,input_size=any", (160, 208)),
        ("timm:convnextv2_atto/hps@input_size=any", (160, 224)),
        ("timm:pvt_v2_b0/hps@input_size=any", (160, 224)),
        ("timm:caformer_s18/hps@input_size=any", (160, 224)),
    ],
)
def test_a_patch_lit_in_the_image_lights_the_same_place_in_the_features(spec, size):
    torch.manual_seed(0)
    network = build(spec, 7, 3).eval()
    dark = torch.full((1, 3, *size), 0.4)
    lit = dark.clone()
    lit[..., 112:128, 48:64] += 0.5
    with torch.inference_mode():
        change = [network.trunk.features(network.prepare(images))[0]["segmentation"] for images in (dark, lit)]
    energy = (change[1] - change[0]).square().sum(dim=1)[0]
    row, column = divmod(int(energy.argmax()), energy.shape[1])
    stride = size[0] / energy.shape[0]
    assert abs((row + 0.5) * stride - 120) <= max(1.5 * stride, 24)
    assert abs((column + 0.5) * stride - 56) <= max(1.5 * stride, 24)


@pytest.mark.parametrize("backbone", ["dinov2", "dinov3"])
def test_the_map_of_a_transformer_is_timms_own(backbone, frames):
    network = build(f"{backbone}/hps@size=s,depth=2,input_size=any", 2, 2).eval()
    name = {"dinov2": "vit_small_patch14_dinov2", "dinov3": "vit_small_patch16_dinov3"}[backbone]
    plain = timm.create_model(name, num_classes=0, dynamic_img_size=True, depth=2).eval()
    merged = network.merged().trunk.encoder
    own = {key.replace("body.network.", ""): value for key, value in merged.state_dict().items()}
    plain.load_state_dict({key.replace("stem.embedding", "patch_embed"): value for key, value in own.items()})
    images = frames(2, 112, 224)
    with torch.inference_mode():
        tokens = plain.forward_features(images)[:, plain.num_prefix_tokens :]
        features = merged(images)
    torch.testing.assert_close(features.flatten(2).mT, tokens)


def test_the_logits_of_a_padded_frame_cover_exactly_the_frame(frames):
    network = build(f"dinov2/hps@{SMALL}", 3, None).eval()
    images = frames(1, 61, 75)
    whole = torch.nn.functional.pad(images, (0, 9, 0, 9), mode="replicate")
    with torch.inference_mode():
        logits, padded = network(images)["segmentation"], network(whole)["segmentation"]
    enlarged = torch.nn.functional.interpolate(padded, (70, 84), mode="bilinear")
    torch.testing.assert_close(logits, enlarged[..., :61, :75])


@pytest.mark.parametrize(
    ("adapter", "kind", "layers"),
    [("lora", LowRank, {"qkv"}), ("mlp", LowRank, {"fc1", "fc2"}), ("dvlora", VectorLowRank, {"fc1", "fc2"})],
)
@pytest.mark.parametrize("rank", [1, 16])
def test_the_trunk_is_frozen_and_its_adapters_are_where_they_are_asked_for(adapter, kind, layers, rank, frames):
    network = build(f"dinov2/hps@{SMALL},adapter={adapter},rank={rank}", None, 3)
    names = {name: layer for name, layer in network.named_modules() if isinstance(layer, LowRank)}
    assert all(type(layer) is kind and layer.a.shape[1] == rank for layer in names.values())
    assert {name.split(".adapters")[0].rpartition(".")[2] for name in names} == layers
    network(frames(1, 56, 56))["activity"].sum().backward()
    trained = {name for name, p in network.trunk.named_parameters() if p.grad is not None}
    assert trained
    assert all(".adapters." in name for name in trained)


def test_a_frozen_convolutional_trunk_keeps_its_statistics(frames):
    network = build("resnet101/hps@frozen=yes,adapter=none,depth=1,head_channels=8,input_size=any", 2, None).train()
    before = {name: value.clone() for name, value in network.trunk.state_dict().items()}
    network(frames(2, 48, 48))
    assert all(torch.equal(value, before[name]) for name, value in network.trunk.state_dict().items())
    assert not any(parameter.requires_grad for parameter in network.trunk.parameters())


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ("dinov2/tesla@adapter=none", "adapter=none, where the architecture is made of adapters"),
        ("resnet101/tesla@adapter=lora", "no layer for these adapters"),
        ("dinov2/hps@rank=0,depth=1", "a rank of 0"),
        ("dinov2/mmoe@gate=flat,input_size=any,depth=1", "input_size=any, where a fixed size is needed"),
        ("tiny-endoarss/hps@input_size=any", "input_size=any, where a fixed size is needed"),
        ("tiny-resnet/mmoe@experts=0", "0 experts"),
        ("tiny-resnet/dselect_k@select=0", "select=0"),
    ],
)
def test_options_that_do_not_fit_are_one_sentence(options, found):
    with pytest.raises(ModelError, match=f"Expected options that fit each other in '{options}', got: {found}"):
        build(options, 2, 2)


@pytest.mark.parametrize(("option", "wanted"), [("size=xl", "one of s, b, l"), ("frozen=maybe", "one of yes, true")])
def test_a_choice_is_named(option, wanted):
    with pytest.raises(ModelError, match=f"Expected {wanted}.* for the model option {option.partition('=')[0]}"):
        build(f"dinov2/hps@{option}", 2, 2)


def test_pretrained_weights_that_cannot_be_had_are_one_sentence(monkeypatch):
    def offline(*_, **__):
        raise OSError("no route to the hub")

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(ModelError, match=r"pretrained weights of vit_small_patch14_dinov2 .* no route to the hub Conn"):
        build("dinov2/hps@size=s", 2, 2, trunk="pretrained")
    with pytest.raises(ModelError, match="Expected a backbone with pretrained weights, got 'tiny-resnet/hps'"):
        build("tiny-resnet/hps", 2, 2, trunk="pretrained")


def original_convnext_name(name: str) -> str:
    """A tensor's name in the original repository of ConvNeXtV2, as SurgeNet publishes it."""
    name = name.replace("stem.", "downsample_layers.0.").replace(".blocks.", ".")
    name = re.sub(r"^stages\.(\d)\.downsample", r"downsample_layers.\1", name)
    name = name.replace("conv_dw", "dwconv").replace("mlp.fc", "pwconv")
    return name.replace("mlp.grn.bias", "grn.beta").replace("mlp.grn.weight", "grn.gamma")


def original_caformer_name(name: str) -> str:
    """The same for CAFormer."""
    name = name.replace("stem.norm", "downsample_layers.0.post_norm").replace("stem.", "downsample_layers.0.")
    name = re.sub(r"^stages\.(\d)\.downsample", r"downsample_layers.\1", name)
    name = re.sub(r"^(downsample_layers\.[1-3])\.norm", r"\1.pre_norm", name)
    return name.replace(".blocks.", ".").replace("head.norm", "norm")


def original_pvt_name(name: str) -> str:
    """The same for PVTv2."""
    name = re.sub(r"^patch_embed", "patch_embed1", name).replace("mlp.dwconv", "mlp.dwconv.dwconv")
    for form, original in ((r"\.blocks", "block"), (r"\.downsample", "patch_embed"), (r"\.norm", "norm")):
        name = re.sub(rf"^stages\.(\d){form}", lambda match, o=original: f"{o}{int(match[1]) + 1}", name)
    return name


@pytest.mark.parametrize(
    ("backbone", "original", "prefix"),
    [
        ("convnextv2_atto", original_convnext_name, ""),
        ("caformer_s18", original_caformer_name, ""),
        ("pvt_v2_b0", original_pvt_name, "backbone."),
    ],
)
def test_a_surgenet_checkpoint_goes_into_every_expert(backbone, original, prefix):
    plain = timm.create_model(backbone, num_classes=0)
    published = {prefix + original(name): tensor for name, tensor in plain.state_dict().items()}
    network = build(f"timm:{backbone}/mmoe@head_channels=8", 3, 2)
    fresh = load_matching(network, {**published, f"{prefix}head.weight": torch.zeros(12, 320)})
    assert all(name.startswith(("heads.", "trunk.gates.")) for name in fresh)
    for expert in network.trunk.experts:
        for name, tensor in expert.body.network.state_dict().items():
            assert torch.equal(tensor, plain.state_dict()[name]), name


def test_a_backbones_checkpoint_below_adapters_and_one_of_another_backbone():
    plain = timm.create_model("vit_small_patch14_dinov2", num_classes=0)
    network = build("dinov2/tesla@size=s,head_channels=8", 3, 2)
    with pytest.raises(ModelError, match="no name is the same; if it is a backbone alone, start a training from it"):
        load_weights(network, plain.state_dict(), "file.pth")
    load_matching(network, {**plain.state_dict(), "mask_token": torch.zeros(1, 384)})
    own = network.trunk.encoder.body.network
    assert torch.equal(own.blocks[3].attn.qkv.shared.weight, plain.blocks[3].attn.qkv.weight)
    assert torch.equal(own.pos_embed, plain.pos_embed)
    with pytest.raises(ModelError, match="Expected a checkpoint of the backbone vit_small.* got 174 of its 174"):
        load_matching(network, {"conv1.weight": torch.zeros(3)})
