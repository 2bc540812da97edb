"""Plain vision transformers of timm as encoders."""

from __future__ import annotations

import pytest
import timm
import torch

from robustbench_endo.models import build


@pytest.mark.parametrize("backbone", ["dinov2", "dinov3"])
def test_transformer_map_equals_that_of_timm(backbone, frames):
    network = build(f"{backbone}/hps@size=s,depth=2,input_size=any", 2, 2).eval()
    name = {"dinov2": "vit_small_patch14_dinov2", "dinov3": "vit_small_patch16_dinov3"}[backbone]
    plain = timm.create_model(name, num_classes=0, dynamic_img_size=True, depth=2).eval()
    merged = network.merged().trunk.encoder
    state = {key.replace("body.network.", ""): value for key, value in merged.state_dict().items()}
    plain.load_state_dict({key.replace("stem.embedding", "patch_embed"): value for key, value in state.items()})
    images = frames(2, 112, 224)
    with torch.inference_mode():
        tokens = plain.forward_features(images)[:, plain.num_prefix_tokens :]
        features = merged(images)
    torch.testing.assert_close(features.flatten(2).mT, tokens)
