"""The import of the EndoARSS authors' checkpoints, against outputs of their own code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from robustbench_endo.errors import ModelError
from robustbench_endo.models import build, load_model
from robustbench_endo.models.weights import load_weights

PARITY = Path(__file__).parents[4] / "shared" / "parity"


DESCRIPTION, OUTPUTS = PARITY / "endoarss_official_state_dict.json", PARITY / "endoarss_official_outputs.npz"


pytestmark = pytest.mark.skipif(not OUTPUTS.is_file(), reason="the parity fixtures are not next to the checkout")


@pytest.fixture(scope="module")
def description() -> dict:
    return json.loads(DESCRIPTION.read_text(encoding="utf-8"))


def filled(name: str, shape: list[int], norms: set[str]) -> Tensor:
    """The fixture's rule that gives every tensor its numbers."""
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.int64)
    if name.endswith("running_var"):
        return torch.ones(shape)
    start = sum(name.encode()) % 997
    values = 0.05 * np.sin(0.37 * np.arange(int(np.prod(shape))) + start)
    values = 1 + values if name in norms else 10 * values if "lora_" in name else values
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def test_release_names_shapes_and_trained_parameters_are_the_authors(description):
    with torch.device("meta"):
        network = build("endoarss/official", 7, 3)
    assert {name: list(tensor.shape) for name, tensor in network.state_dict().items()} == description["state_dict"]
    assert {name for name, p in network.named_parameters() if p.requires_grad} == set(description["trainable"])


@pytest.mark.slow
def test_release_logits_are_the_authors(description, tmp_path):
    norms = set(description["norm_weights"])
    tensors = {name: filled(name, shape, norms) for name, shape in description["state_dict"].items()}
    path = tmp_path / "released.pt"
    torch.save({"state_dict": tensors, "epoch": 200}, path)
    network = load_model("endoarss/official", 7, 3, weights=path)
    k = np.arange(3 * 244 * 244, dtype=np.float64)
    image = torch.from_numpy((0.5 + 0.5 * np.sin(0.011 * k + 0.3 * np.sin(0.0007 * k))).astype(np.float32))
    expected = {name: torch.from_numpy(values) for name, values in np.load(OUTPUTS).items()}
    with torch.inference_mode():
        features = network.features(image.reshape(1, 3, 244, 244))
        logits = {task: decoder(features) for task, decoder in network.decoders.items()}
    torch.testing.assert_close(features[0, ::8, ::4, ::8], expected["feature_sample"], atol=1e-4, rtol=0)
    for task in ("segmentation", "classification"):
        torch.testing.assert_close(logits[task], expected[task], atol=1e-4, rtol=0)


def test_release_weights_for_other_labels_are_named(description):
    network = build("endoarss/official@depth=1", 5, 3)
    tensors = {
        name: torch.zeros(tensor.shape)
        for name, tensor in build("endoarss/official@depth=1", 7, 3).state_dict().items()
    }
    with pytest.raises(
        ModelError, match=r"2 of 128 tensors of another shape \(decoders.segmentation.4.weight \(7, 256"
    ):
        load_weights(network, tensors, "released.pt")
