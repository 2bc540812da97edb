"""What is shared and what is a task's own, read off the graph and held against the gradients."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from robustbench_endo.errors import TrainingError
from robustbench_endo.models import build
from robustbench_endo.models.layers.lora import LowRank
from robustbench_endo.training.weighting import TaskGradients, load_weighting, shared_parameters
from robustbench_endo.training.weighting.shared_parameters import stacked_parameters, tasks_of_loss

RESNET = "tiny-resnet/{}@width=12,head_channels=8,input_size=32x40"
ENDOARSS = "tiny-endoarss/{}@dim=32,depth=2,head_channels=8,input_size=32x48"
SPECS = (
    *(RESNET.format(name) for name in ("mmoe", "dselect_k", "tesla", "hps", "single-task")),
    *(ENDOARSS.format(name) for name in ("mmoe", "tesla")),
    ENDOARSS.format("mmoe") + ",shared=yes",
    "dinov2/tesla@size=s,depth=1,head_channels=8,input_size=28x42,adapter=dvlora",
)


def network(spec: str) -> nn.Module:
    """With updates that are not zero, so that every gradient that can flow does."""
    torch.manual_seed(0)
    made = build(spec, 3, 2).train()
    for layer in made.modules():
        if isinstance(layer, LowRank):
            nn.init.normal_(layer.b, std=0.05)
        if "BatchNorm" in type(layer).__name__:  # timm starts residual branches at zero
            nn.init.ones_(layer.weight)
    return made


def outputs(model: nn.Module) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    images = torch.rand(3, 3, 32, 40, generator=torch.Generator().manual_seed(1))
    logits, auxiliary = model.with_auxiliary(images)
    return {task: x.square().mean() for task, x in logits.items()}, auxiliary


@pytest.mark.parametrize("spec", SPECS)
def test_shared_is_what_both_tasks_gradients_reach(spec):
    model = network(spec)
    losses, auxiliary = outputs(model)
    found = shared_parameters(model, losses, auxiliary)
    parameters = [p for p in model.parameters() if p.requires_grad]
    gradients = {
        task: dict(
            zip(parameters, torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True), strict=True)
        )
        for task, loss in losses.items()
    }
    stacked = set(stacked_parameters(model))
    assert found.tasks == ("segmentation", "activity")
    for p in found.shared:
        assert all(gradients[task][p] is not None for task in found.tasks)
    for index, task in enumerate(found.tasks):
        for p in found.own[task]:
            other = gradients[found.tasks[1 - index]][p]
            assert other is None if p not in stacked else other[index].abs().sum() == 0
    placed = {*found.shared, *found.own["segmentation"], *found.own["activity"]}
    assert placed == set(parameters)
    live = [p for p in found.shared if all(gradients[task][p].abs().sum() > 0 for task in found.tasks)]
    assert len(live) >= 0.9 * len(found.shared)


def test_who_shares_what_in_the_zoo():
    def share(spec: str) -> dict[str, set[str]]:
        model = network(spec)
        found = shared_parameters(model, *outputs(model))
        names = {p: ".".join(name.split(".")[:2]) for name, p in model.named_parameters()}
        return {"shared": {names[p] for p in found.shared}} | {
            t: {names[p] for p in own} for t, own in found.own.items()
        }

    heads = {task: {f"heads.{task}"} for task in ("segmentation", "activity")}
    gates = {task: {f"heads.{task}", "trunk.gates"} for task in heads}
    assert share(RESNET.format("mmoe")) == {"shared": {"trunk.experts"}, **gates}
    assert share(RESNET.format("hps")) == {"shared": {"trunk.encoder"}, **heads}
    encoders = {task: {f"heads.{task}", "trunk.encoders"} for task in heads}
    assert share(RESNET.format("single-task")) == {"shared": set(), **encoders}
    assert share(ENDOARSS.format("mmoe") + ",shared=yes") == {"shared": {"trunk.experts"}, **gates}


def test_teslas_adapters_are_each_tasks_own_slice_and_nothing_is_weighted_by_them():
    model = network(RESNET.format("tesla"))
    losses, _ = outputs(model)
    found = shared_parameters(model, losses)
    adapters = {p for layer in model.modules() if isinstance(layer, LowRank) for p in layer.parameters()}
    assert adapters
    assert adapters == set(found.own["segmentation"]) & set(found.own["activity"])
    expected = {p: torch.autograd.grad(losses["activity"], [p], retain_graph=True)[0][1] for p in adapters}
    gradients = TaskGradients(found.tasks, found.shared, found.own, load_weighting("stch"))
    gradients.add(losses)
    log = gradients.finish()
    for p, gradient in expected.items():
        torch.testing.assert_close(p.grad[1], log["scale/activity"] * gradient, rtol=1e-4, atol=1e-7)


def test_frozen_parameters_have_no_place_and_get_no_gradient():
    model = network(RESNET.format("hps"))
    model.trunk.encoder.body.network.conv1.requires_grad_(False)
    losses, auxiliary = outputs(model)
    gradients = TaskGradients.of(model, losses, auxiliary, load_weighting("moco"))
    gradients.add(losses, auxiliary)
    gradients.finish()
    assert all((p.grad is None) != p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("method", ["equal", "moco"])
@pytest.mark.parametrize("name", ["mmoe", "dselect_k", "tesla"])
def test_one_pass_through_each_head(name, method):
    model = network(RESNET.format(name))
    losses: dict[str, Tensor] = {}
    passes: list[nn.Module] = []
    for head in model.heads.values():
        for layer in head.modules():
            layer.register_forward_hook(
                lambda layer, _, out: out.register_hook(lambda __: passes.append(layer)) and None
            )
    losses, auxiliary = outputs(model)
    gradients = TaskGradients.of(model, losses, auxiliary, load_weighting(method))
    gradients.add(losses, auxiliary)
    assert len(passes) > 20
    assert len(passes) == len(set(passes))


class Checkpointed(nn.Module):
    def __init__(self, reentrant: bool | None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.trunk = nn.Sequential(nn.Linear(6, 16), nn.GELU(), nn.Linear(16, 16))
        self.heads = nn.ModuleDict({task: nn.Linear(16, 2) for task in "ab"})
        self.reentrant = reentrant

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        run = self.trunk if self.reentrant is None else self._checkpointed
        return {task: F.cross_entropy(head(run(x)), torch.tensor([0, 1, 1])) for task, head in self.heads.items()}

    def _checkpointed(self, x: Tensor) -> Tensor:
        return checkpoint(self.trunk, x, use_reentrant=self.reentrant)


def written(model: nn.Module, name: str, autocast: bool) -> list[Tensor]:
    x = torch.rand(3, 6, generator=torch.Generator().manual_seed(2), requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        losses = model(x)
    gradients = TaskGradients.of(model, losses, {}, load_weighting(name))
    gradients.add(losses)
    gradients.finish()
    return [p.grad for p in model.parameters()]


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("name", ["equal", "aligned_mtl"])
def test_activation_checkpoints_change_nothing(name, autocast):
    found, expected = (written(Checkpointed(reentrant), name, autocast) for reentrant in (False, None))
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_re_entrant_checkpoints_are_refused():
    with pytest.raises(TrainingError, match=r"got a re-entrant one: give torch.utils.checkpoint use_reentrant=False"):
        written(Checkpointed(True), "moco", False)


def test_a_first_batch_without_a_graph_says_so():
    layer = nn.Linear(2, 1)
    losses = {"a": layer(torch.ones(1, 2)).sum(), "b": torch.tensor(0.0)}
    with pytest.raises(TrainingError, match=r"got a constant for b: .* give logits.sum\(\) \* 0"):
        shared_parameters(layer, losses)


def test_auxiliary_losses_name_their_task():
    tasks = ("segmentation", "activity")
    assert tasks_of_loss("gate_activity", tasks) == tasks_of_loss("activity", tasks) == ("activity",)
    assert tasks_of_loss("load_balance", tasks) == tasks


@pytest.mark.parametrize("name", ["equal", "moco", "aligned_mtl", "stch", "db_mtl"])
@pytest.mark.parametrize("architecture", ["mmoe", "tesla"])
def test_bfloat16_is_close_to_float32(name, architecture):
    def flat(autocast: bool) -> Tensor:
        model = network(RESNET.format(architecture)).eval()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            losses, auxiliary = outputs(model)
        gradients = TaskGradients.of(model, losses, auxiliary, load_weighting(name))
        gradients.add(losses, auxiliary)
        gradients.finish()
        assert all(p.grad.dtype == torch.float32 for p in model.parameters())
        return torch.cat([p.grad.flatten() for p in model.parameters()])

    coarse, fine = flat(True), flat(False)
    assert coarse.isfinite().all()
    assert F.cosine_similarity(coarse, fine, dim=0) > 0.98
    assert (coarse.norm() / fine.norm()).item() == pytest.approx(1, abs=0.1)
