"""Every network of the paper at full size: numbers counted by hand, and a training step under every weighting."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from types import SimpleNamespace
from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F

from robustbench_endo.models.summary import cost_of
from robustbench_endo.models.zoo import build
from robustbench_endo.reproduction import grid
from robustbench_endo.reproduction.experiments import ARCHITECTURES, BACKBONES, TASKS, WEIGHTINGS
from robustbench_endo.training import Hardware, TrainConfig
from robustbench_endo.training.data import Batch
from robustbench_endo.training.fabric import make_fabric
from robustbench_endo.training.train_step import TrainStep, frozen
from robustbench_endo.training.weighting import TaskGradients, load_weighting

SIDE, RANK, EXPERTS, WIDTH = 224, 4, 2, 256
LABELS = {"segmentation": 7, "activity": 3}
COPIES = len(LABELS)  # of the tokens in TESLA, one per task

MULTI = [f"{b}/{a}" for b in BACKBONES.values() for a in ARCHITECTURES.values() if a != "single-task"]
SINGLE = [("dinov2/single-task", task) for task in ("classification", "segmentation")]
NETWORKS = [*((spec, "both") for spec in MULTI), *SINGLE]


class Count(NamedTuple):
    """Parameters, those that are not trained, and multiply-adds for one frame."""

    parameters: int
    frozen: int
    macs: int


def total(*counts: Count) -> Count:
    return Count(*(sum(values) for values in zip(*counts, strict=True)))


def times(factor: int, count: Count) -> Count:
    return Count(*(factor * value for value in count))


def weights(count: Count) -> Count:
    return Count(count.parameters, count.frozen, 0)


def convolution(inputs: int, outputs: int, kernel: int, side: int, bias: bool = False, norm: bool = True) -> Count:
    """A k x k convolution onto side x side pixels, with a batch norm (scale, shift)."""
    matrix = kernel * kernel * inputs * outputs
    return Count(matrix + outputs * bias + 2 * outputs * norm, 0, matrix * side * side)


def linear(inputs: int, outputs: int, items: int = 1) -> Count:
    return Count(inputs * outputs + outputs, 0, items * inputs * outputs)


# -- ResNet101, He et al. 2016, without its classifier, stages 3 and 4 dilated: an output stride of 8


def resnet_convolutions() -> Iterator[tuple[int, int, int, int]]:
    """(inputs, outputs, kernel, side of the output); the stride of a stage is on its first 3 x 3 convolution."""
    yield 3, 64, 7, 112
    inputs = 64
    for blocks, width, before, side in ((3, 64, 56, 56), (4, 128, 56, 28), (23, 256, 28, 28), (3, 512, 28, 28)):
        for block in range(blocks):
            yield inputs, width, 1, side if block else before
            yield width, width, 3, side
            yield width, 4 * width, 1, side
            if block == 0:
                yield inputs, 4 * width, 1, side
            inputs = 4 * width


def resnet(tesla: bool) -> Count:
    plain = total(*(convolution(*each) for each in resnet_convolutions()))
    if not tesla:
        return plain
    # A (r k, C_in k) and B (C_out k, r k) per task, multiplied to a kernel; the trained kernel is the shared W'.
    parameters = sum(RANK * k * k * (inputs + outputs) for inputs, outputs, k, _ in resnet_convolutions())
    products = sum(RANK * k**3 * inputs * outputs for inputs, outputs, k, _ in resnet_convolutions())
    adapters = Count(COPIES * parameters, 0, COPIES * products)
    return total(plain, adapters, Count(0, 0, (COPIES - 1) * plain.macs))


# -- ViT-B/14 of DINOv2, Dosovitskiy et al. 2021: frozen, LoRA on q and v

PATCH, DIM, DEPTH, POSITIONS = 14, 768, 12, 37 * 37 + 1
GRID = SIDE // PATCH
TOKENS = GRID * GRID + 1


def lora(updates: int, per_token: int) -> Count:
    """A and B of q and v in every layer: ``updates`` of them, of which a token meets ``per_token``."""
    pair = RANK * DIM + DIM * RANK
    return Count(DEPTH * 2 * updates * pair, 0, DEPTH * 2 * per_token * TOKENS * pair)


def transformer() -> Count:
    layer = total(
        linear(DIM, 3 * DIM, TOKENS),
        linear(DIM, DIM, TOKENS),
        linear(DIM, 4 * DIM, TOKENS),
        linear(4 * DIM, DIM, TOKENS),
        Count(2 * 2 * DIM + 2 * DIM, 0, 2 * TOKENS * TOKENS * DIM),  # norms, layer scales; q k^T and its product with v
    )
    return total(times(DEPTH, layer), Count(POSITIONS * DIM + DIM + 2 * DIM, 0, 0))


def dinov2(tesla: bool, sma: bool = False) -> Count:
    patches = linear(PATCH * PATCH * 3, DIM, GRID * GRID)
    body, stem = transformer(), total(patches, spatial_attention()) if sma else patches
    updates = lora(COPIES + 1, 2) if tesla else lora(1, 1)  # of the tasks, and the shared one of W' = W0 + B A
    body_frozen = patches.parameters + body.parameters
    copies = Count(0, 0, (COPIES - 1) * (body.macs + updates.macs)) if tesla else Count(0, 0, 0)
    return total(stem, body, updates, copies, Count(0, body_frozen, 0))


def spatial_attention(dim: int = 512, patch: int = 7) -> Count:
    """SMA with n = 3; the terms above a million of its factorised form, of rank 4, with N patches of C pixels."""
    pixels, patches, rank = patch * patch, (SIDE // patch) ** 2, 4
    first, last = (convolution(inputs, 3, 3, SIDE, bias=True, norm=False) for inputs in (3, 6))
    lift, lower = linear(3, dim), linear(dim, 3)
    attention = 2 * pixels + linear(pixels, pixels).parameters + 9 * pixels * pixels + pixels
    macs = [
        pixels * pixels * (patches + dim),  # the 1 x 1 branch on both means
        rank * pixels * 3 * 3 * patches + patches * 3 * rank * dim,  # the 3 x 3 branch
        patches * pixels * rank * dim,  # the gated sum over the pixels
        patches * dim * 3 * rank + pixels * patches * rank * 3,  # the gate, lowered to three channels
        pixels * (patches + dim) * rank * rank,  # moments
    ]
    return total(first, last, weights(lift), weights(lower), Count(attention, 0, sum(macs)))


# -- DeepLab-v3 and the activity head, gates


def segmentation_head(channels: int, side: int) -> Count:
    branches = [convolution(channels, WIDTH, 1, side), *[convolution(channels, WIDTH, 3, side)] * 3]
    pooled = convolution(channels, WIDTH, 1, 1)
    fused = [convolution(5 * WIDTH, WIDTH, 1, side), convolution(WIDTH, WIDTH, 3, side)]
    return total(*branches, pooled, *fused, convolution(WIDTH, LABELS["segmentation"], 1, side, bias=True, norm=False))


def activity_head(channels: int, side: int) -> Count:
    return total(convolution(channels, WIDTH, 3, side), linear(WIDTH, LABELS["activity"]))


def gate(architecture: str) -> Count:
    """Of one task, on all values of the image: softmax of E logits, or k selectors of log2(E) = 1 bit and k shares."""
    select = 2
    return linear(3 * SIDE * SIDE, EXPERTS if architecture == "mmoe" else 2 * select)


def by_hand(spec: str, task: str) -> Count:
    backbone, architecture = spec.partition("@")[0].split("/")
    tesla = architecture == "tesla"
    encoder = resnet(tesla) if backbone == "resnet101" else dinov2(tesla, sma=backbone == "endoarss")
    channels, side = (2048, SIDE // 8) if backbone == "resnet101" else (DIM, GRID)
    heads = {"segmentation": segmentation_head(channels, side), "activity": activity_head(channels, side)}
    parts = [heads[name] for name in TASKS[task]]
    mixture = architecture in ("mmoe", "dselect_k")
    gates = [gate(architecture)] * len(LABELS) if mixture else []
    return total(times(EXPERTS, encoder) if mixture else encoder, *parts, *gates)


@lru_cache
def network_of(spec: str, task: str, device: str = "meta") -> torch.nn.Module:
    with torch.device(device):
        return build(spec, labels={name: LABELS[name] for name in TASKS[task]})


def test_networks_are_those_of_the_paper():
    cells = {cell for table in ("table2", "table3") for cell, _ in grid(table).runs}
    assert {(cell.model, cell.task) for cell in cells} == set(NETWORKS)
    assert {cell.weighting for cell in cells} == {*WEIGHTINGS.values(), "equal"}


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "task"), NETWORKS)
def test_network_has_the_numbers_counted_by_hand(spec, task):
    network, count = network_of(spec, task).eval(), by_hand(spec, task)
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in network.parameters()]
    assert sum(size for size, _ in sizes) == count.parameters
    assert sum(size for size, trained in sizes if not trained) == count.frozen
    tolerance = 1e-4 if spec.startswith("endoarss") else 1e-7  # see spatial_attention
    assert cost_of(network, (SIDE, SIDE), "meta").gmacs == pytest.approx(count.macs / 1e9, rel=tolerance)


def fits(gradient: torch.Tensor | None, parameter: torch.Tensor) -> bool:
    """Whether an optimizer can apply a gradient."""
    if gradient is None:
        return False
    return all(getattr(gradient, name) == getattr(parameter, name) for name in ("shape", "dtype", "device"))


@pytest.mark.slow
@pytest.mark.parametrize("spec", MULTI)
def test_cell_trains_a_step_under_every_weighting(spec, monkeypatch):
    """On the device meta, without memory; the one matrix that needs numbers, 2 x 2, is replaced."""
    monkeypatch.setattr("robustbench_endo.training.weighting.aligned_mtl.balance", lambda gram: torch.eye(len(gram)))
    network = network_of(spec, "both").train()
    for module in frozen(network):
        module.eval()
    logits, auxiliary = network.with_auxiliary(torch.rand(2, 3, SIDE, SIDE, device="meta"))
    masks, activities = (torch.zeros(2, *size, dtype=torch.int64, device="meta") for size in ((SIDE, SIDE), ()))
    maps = F.interpolate(logits["segmentation"], (SIDE, SIDE), mode="bilinear")
    losses = {"segmentation": F.cross_entropy(maps, masks), "activity": F.cross_entropy(logits["activity"], activities)}
    gradients = TaskGradients.of(network, losses, auxiliary, load_weighting("moco"))
    gradients.add(losses, auxiliary)
    buffer = gradients.buffer
    assert buffer.shared, "the tasks share no trained parameter: no weighting has an effect"
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for weighting in map(load_weighting, WEIGHTINGS.values()):
        assert weighting.separate
        network.zero_grad(set_to_none=True)
        buffer.write(weighting.combine(buffer.losses, buffer.rows), 1.0)
        assert all(fits(parameter.grad, parameter) for parameter in trained)
    torch.optim.Adam(trained).step()  # once, as it sees no more of a gradient than shape, type and device


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "task"), [(spec, task) for spec, task in NETWORKS if task != "both"])
def test_cell_of_one_task_trains_a_step(spec, task):
    network = network_of(spec, task).train()
    for module in frozen(network):
        module.eval()
    logits, _ = network.with_auxiliary(torch.rand(2, 3, SIDE, SIDE, device="meta"))
    (name,) = TASKS[task]
    assert set(logits) == {name}
    loss = F.cross_entropy(logits[name], torch.zeros(2, *logits[name].shape[2:], dtype=torch.int64, device="meta"))
    network.zero_grad(set_to_none=True)
    loss.backward()
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    assert all(fits(parameter.grad, parameter) for parameter in trained)
    torch.optim.Adam(trained).step()


REAL = [
    ("resnet101/mmoe@gate=flat", "aligned_mtl"),
    ("dinov2/dselect_k@gate=flat", "stch"),
    ("endoarss/tesla", "db_mtl"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "weighting"), REAL)
def test_cell_trains_a_step_on_the_cpu(spec, weighting):
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    network = network_of.__wrapped__(spec, "both", "cpu")
    config = TrainConfig(weighting=weighting, class_weights="none", augment="none", task_weights={"activity": 1.0})
    step = TrainStep(network, SimpleNamespace(batches=1), config, make_fabric(Hardware(), "32-true"))
    network.train()
    for module in frozen(network):
        module.eval()
    before = {name: parameter.detach().norm() for name, parameter in network.named_parameters()}
    masks = torch.randint(0, 7, (1, SIDE, SIDE), generator=generator)
    targets = {"segmentation": masks, "activity": torch.tensor([2])}
    values = step.step(Batch(torch.rand(1, 3, SIDE, SIDE, generator=generator), targets, ("one",)))
    # Untrained networks predict every label with about the same probability: ln 7 and ln 3.
    assert values["loss/segmentation"] == pytest.approx(1.946, abs=0.5)
    assert values["loss/activity"] == pytest.approx(1.099, abs=0.5)
    changed = {name for name, parameter in network.named_parameters() if parameter.detach().norm() != before[name]}
    trained = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert changed <= trained
    assert all(parameter.grad is not None for parameter in network.parameters() if parameter.requires_grad)
    # Other tensors have a gradient of zero in the first step: A is multiplied by B = 0, a residual branch by its last
    # scale of 0, the batch norm of a single frame removes what is constant over it, and an expert may be unselected.
    must_change = {name for name in trained if name.endswith(".b") or "classifier" in name or ".stem.0." in name}
    assert {name for name in must_change if ".experts." not in name} <= changed
    assert any(name.startswith("trunk.") for name in changed)
