"""Which parameters tasks share: by definition, those that the graphs of two or more tasks' losses reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from robustbench_endo.errors import TrainingError

REENTRANT = "CheckpointFunctionBackward"


@dataclass(frozen=True)
class Sharing:
    """The trained parameters of a model, sorted by the tasks that reach them; frozen and unused ones are in none.

    Attributes:
        tasks: names, in the order of the losses.
        shared: reached by two tasks or more.
        own: task -> reached by this task only; a parameter that is stacked along the tasks (as TESLA's adapters are,
            slice t meets task t only) is listed under each of them.
    """

    tasks: tuple[str, ...]
    shared: tuple[nn.Parameter, ...]
    own: dict[str, tuple[nn.Parameter, ...]]


def shared_parameters(
    model: nn.Module, losses: Mapping[str, Tensor], auxiliary: Mapping[str, Tensor] | None = None
) -> Sharing:
    """Walks the graphs of one forward pass; autocast and activation checkpoints do not hide a parameter.

    Args:
        model: whose parameters are asked for; a wrapper will do.
        losses: task -> its loss, or any output of it, with its graph.
        auxiliary: losses that come with the model, see :func:`tasks_of_loss`.

    Raises:
        TrainingError: a graph is missing or cannot be seen through (a re-entrant activation checkpoint).
    """
    for task, loss in losses.items():
        if not loss.requires_grad:
            raise TrainingError(
                f"Expected a loss with a graph for every task, got a constant for {task}: where a batch has no label "
                "of a task, give logits.sum() * 0."
            )
    reached = {task: _leaves(loss) for task, loss in losses.items()}
    for name, loss in (auxiliary or {}).items():
        for task in tasks_of_loss(name, tuple(losses)):
            reached[task] |= _leaves(loss)
    return _sorted(model, reached)


def tasks_of_loss(name: str, tasks: tuple[str, ...]) -> tuple[str, ...]:
    """The tasks that an auxiliary loss belongs to: `gate_<task>` to that task, any other to all of them."""
    return tuple(task for task in tasks if name == task or name.endswith(f"_{task}")) or tasks


def stacked_parameters(model: nn.Module) -> list[nn.Parameter]:
    """What modules declare by ``task_parameters()``: parameters whose first axis is the task, in order of the tasks.

    The graph cannot tell: both tasks' paths go through the tensor, though each through its own slice.
    """
    declared = (getattr(module, "task_parameters", None) for module in model.modules())
    return [parameter for parameters in declared if parameters is not None for parameter in parameters()]


def _sorted(model: nn.Module, reached: Mapping[str, set[int]]) -> Sharing:
    stacked = {id(parameter) for parameter in stacked_parameters(model)}
    parameters = [p for p in model.parameters() if p.requires_grad]
    tasks = {id(p): [task for task, leaves in reached.items() if id(p) in leaves] for p in parameters}
    shared = tuple(p for p in parameters if len(tasks[id(p)]) > 1 and id(p) not in stacked)
    apart = {id(p) for p in parameters} - {id(p) for p in shared}
    own = {task: tuple(p for p in parameters if id(p) in apart and task in tasks[id(p)]) for task in reached}
    return Sharing(tuple(reached), shared, own)


def _leaves(output: Tensor) -> set[int]:
    """Identities of the leaves of a tensor's graph."""
    leaves: set[int] = set()
    seen: set[Any] = set()
    waiting: list[Any] = [output.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if node.name() == REENTRANT:
            raise TrainingError(
                "Expected activation checkpoints that show their graph, got a re-entrant one: give "
                "torch.utils.checkpoint use_reentrant=False."
            )
        if hasattr(node, "variable"):
            leaves.add(id(node.variable))
        waiting += [following for following, _ in node.next_functions]
    return leaves
