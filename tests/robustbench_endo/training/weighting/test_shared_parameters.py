"""Shared and task-specific parameters, compared with the gradients."""

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
    """A network whose residual and low-rank updates are not zero, so that all gradients flow."""
    torch.manual_seed(0)
    model = build(spec, 3, 2).train()
    for layer in model.modules():
        if isinstance(layer, LowRank):
            nn.init.normal_(layer.b, std=0.05)
        if "BatchNorm" in type(layer).__name__:  # timm starts residual branches at zero
            nn.init.ones_(layer.weight)
    return model


def outputs(model: nn.Module) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    images = torch.rand(3, 3, 32, 40, generator=torch.Generator().manual_seed(1))
    logits, auxiliary = model.with_auxiliary(images)
    return {task: x.square().mean() for task, x in logits.items()}, auxiliary


@pytest.mark.parametrize("spec", SPECS)
def test_shared_parameters_have_gradients_of_both_tasks(spec):
    model = network(spec)
    losses, auxiliary = outputs(model)
    sharing = shared_parameters(model, losses, auxiliary)
    parameters = [p for p in model.parameters() if p.requires_grad]
    gradients = {
        task: dict(
            zip(parameters, torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True), strict=True)
        )
        for task, loss in losses.items()
    }
    stacked = set(stacked_parameters(model))
    assert sharing.tasks == ("segmentation", "activity")
    for p in sharing.shared:
        assert all(gradients[task][p] is not None for task in sharing.tasks)
    for index, task in enumerate(sharing.tasks):
        for p in sharing.specific[task]:
            other = gradients[sharing.tasks[1 - index]][p]
            assert other is None if p not in stacked else other[index].abs().sum() == 0
    grouped = {*sharing.shared, *sharing.specific["segmentation"], *sharing.specific["activity"]}
    assert grouped == set(parameters)
    live = [p for p in sharing.shared if all(gradients[task][p].abs().sum() > 0 for task in sharing.tasks)]
    assert len(live) >= 0.9 * len(sharing.shared)


def test_shared_parameters_of_the_zoo():
    def share(spec: str) -> dict[str, set[str]]:
        model = network(spec)
        sharing = shared_parameters(model, *outputs(model))
        names = {p: ".".join(name.split(".")[:2]) for name, p in model.named_parameters()}
        return {"shared": {names[p] for p in sharing.shared}} | {
            t: {names[p] for p in specific} for t, specific in sharing.specific.items()
        }

    heads = {task: {f"heads.{task}"} for task in ("segmentation", "activity")}
    gates = {task: {f"heads.{task}", "trunk.gates"} for task in heads}
    assert share(RESNET.format("mmoe")) == {"shared": {"trunk.experts"}, **gates}
    assert share(RESNET.format("hps")) == {"shared": {"trunk.encoder"}, **heads}
    encoders = {task: {f"heads.{task}", "trunk.encoders"} for task in heads}
    assert share(RESNET.format("single-task")) == {"shared": set(), **encoders}
    assert share(ENDOARSS.format("mmoe") + ",shared=yes") == {"shared": {"trunk.experts"}, **gates}


def test_shared_parameters_leave_adapters_of_tesla_to_each_task():
    model = network(RESNET.format("tesla"))
    losses, _ = outputs(model)
    sharing = shared_parameters(model, losses)
    adapters = {p for layer in model.modules() if isinstance(layer, LowRank) for p in layer.parameters()}
    assert adapters
    assert adapters == set(sharing.specific["segmentation"]) & set(sharing.specific["activity"])
    expected = {p: torch.autograd.grad(losses["activity"], [p], retain_graph=True)[0][1] for p in adapters}
    gradients = TaskGradients(sharing.tasks, sharing.shared, sharing.specific, load_weighting("stch"))
    gradients.add(losses)
    log = gradients.finish()
    for p, gradient in expected.items():
        torch.testing.assert_close(p.grad[1], log["scale/activity"] * gradient, rtol=1e-4, atol=1e-7)


def test_shared_parameters_reject_reentrant_checkpoints():
    with pytest.raises(TrainingError, match="got a re-entrant one: call .*checkpoint with use_reentrant=False"):
        checkpointed_gradients(Checkpointed(True), "moco", False)


def test_shared_parameters_reject_loss_without_graph():
    layer = nn.Linear(2, 1)
    losses = {"a": layer(torch.ones(1, 2)).sum(), "b": torch.tensor(0.0)}
    with pytest.raises(TrainingError, match=r"got a constant for b: use logits.sum\(\) \* 0"):
        shared_parameters(layer, losses)


def parts(losses: dict[str, Tensor], join: str) -> dict[str, Tensor]:
    """The losses after a detour through one tensor."""
    values = list(losses.values())
    joined = {
        "select": lambda: list(torch.stack(values)[:]),
        "index": lambda: [torch.stack(values)[i] for i in range(2)],
        "scaled": lambda: [(2 * torch.stack(values))[i].float() for i in range(2)],
        "unbind": lambda: torch.stack(values).unbind(),
        "cat": lambda: [part.sum() for part in torch.cat([value[None] for value in values]).split(1)],
        "frames": lambda: [row.mean() for row in torch.stack([value.expand(3) for value in values])],
    }
    return dict(zip(losses, joined[join](), strict=True))


@pytest.mark.parametrize("join", ["select", "index", "scaled", "unbind", "cat", "frames"])
def test_shared_parameters_reject_parts_of_one_tensor(join):
    model = network(RESNET.format("single-task"))
    losses = parts(outputs(model)[0], join)
    with pytest.raises(TrainingError, match="got those of segmentation and activity as parts of one tensor"):
        shared_parameters(model, losses)


def test_shared_parameters_accept_losses_that_depend_on_all_of_a_tensor():
    model = nn.Linear(3, 2)
    scores = torch.stack([model(torch.ones(3)).sum(), model(torch.zeros(3)).sum()])
    sharing = shared_parameters(model, {"a": scores.sum(), "b": scores.square().mean()})
    assert set(sharing.shared) == set(model.parameters())


@pytest.mark.parametrize("name", ["moco", "aligned_mtl", "stch", "db_mtl"])
def test_weighting_of_a_model_that_shares_nothing_is_one_sentence(name):
    model = network(RESNET.format("single-task"))
    with pytest.raises(TrainingError, match=f"for the weighting {name}, got a model that shares none: train with"):
        TaskGradients.of(model, *outputs(model), load_weighting(name))
    TaskGradients.of(model, *outputs(model), load_weighting("equal"))


def test_weighting_of_one_task_needs_no_sharing():
    model = network(RESNET.format("hps")).only("activity")
    losses, auxiliary = outputs(model)
    assert not TaskGradients.of(model, losses, auxiliary, load_weighting("moco")).separate


def test_tasks_of_loss_follow_its_name():
    tasks = ("segmentation", "activity")
    assert tasks_of_loss("gate_activity", tasks) == tasks_of_loss("activity", tasks) == ("activity",)
    assert tasks_of_loss("load_balance", tasks) == tasks


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


def checkpointed_gradients(model: nn.Module, name: str, autocast: bool) -> list[Tensor]:
    x = torch.rand(3, 6, generator=torch.Generator().manual_seed(2), requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        losses = model(x)
    gradients = TaskGradients.of(model, losses, {}, load_weighting(name))
    gradients.add(losses)
    gradients.finish()
    return [p.grad for p in model.parameters()]


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("name", ["equal", "aligned_mtl"])
def test_shared_parameters_are_found_under_activation_checkpointing(name, autocast):
    actual, expected = (checkpointed_gradients(Checkpointed(reentrant), name, autocast) for reentrant in (False, None))
    assert all(torch.equal(a, b) for a, b in zip(actual, expected, strict=True))


def test_frozen_parameters_get_no_gradient():
    model = network(RESNET.format("hps"))
    model.trunk.encoder.body.network.conv1.requires_grad_(False)
    losses, auxiliary = outputs(model)
    gradients = TaskGradients.of(model, losses, auxiliary, load_weighting("moco"))
    gradients.add(losses, auxiliary)
    gradients.finish()
    assert all((p.grad is None) != p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("method", ["equal", "moco"])
@pytest.mark.parametrize("name", ["mmoe", "dselect_k", "tesla"])
def test_task_gradients_pass_once_through_each_head(name, method):
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


@pytest.mark.parametrize("name", ["equal", "moco", "aligned_mtl", "stch", "db_mtl"])
@pytest.mark.parametrize("architecture", ["mmoe", "tesla"])
def test_task_gradients_in_bfloat16_are_close_to_float32(name, architecture):
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
