"""Shared and task-specific parameters, from the graphs of the losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from torch import Tensor, nn

from robustbench_endo.errors import TrainingError

REENTRANT = "CheckpointFunctionBackward"

JOINS = ("StackBackward", "CatBackward")
"""Nodes of a graph that put tensors into one."""

SELECTIONS = ("Select", "Unbind", "Split", "UnsafeSplit", "Slice", "Index", "Gather")
"""Nodes of a graph that take a part of a tensor."""


@dataclass(frozen=True)
class Sharing:
    """The trained parameters of a model by the tasks whose losses depend on them; frozen and unused ones are left out.

    Attributes:
        tasks: names, in the order of the losses.
        shared: parameters of two or more tasks.
        specific: task -> parameters of only this task; a parameter that is stacked along the tasks (as the adapters of
            TESLA, where task t uses slice t) is under each of them.
    """

    tasks: tuple[str, ...]
    shared: tuple[nn.Parameter, ...]
    specific: dict[str, tuple[nn.Parameter, ...]]


def shared_parameters(
    model: nn.Module, losses: Mapping[str, Tensor], auxiliary: Mapping[str, Tensor] | None = None
) -> Sharing:
    """Find the parameters in the graphs of one forward pass, also under autocast and activation checkpointing.

    Args:
        model: with the parameters; may be a wrapper.
        losses: task -> loss, or any output of the task, with its graph.
        auxiliary: auxiliary losses of the model, see :func:`tasks_of_loss`.

    Raises:
        TrainingError: a graph is missing or hidden (by a re-entrant activation checkpoint), or the losses are parts of
            one tensor, through which every loss reaches the parameters of all.
    """
    for task, loss in losses.items():
        if not loss.requires_grad:
            raise TrainingError(
                f"Expected a loss with a graph for every task, got a constant for {task}: use logits.sum() * 0 "
                "for a batch without labels of a task."
            )
    _check_separate(losses)
    reached = {task: _leaves(loss) for task, loss in losses.items()}
    for name, loss in (auxiliary or {}).items():
        for task in tasks_of_loss(name, tuple(losses)):
            reached[task] |= _leaves(loss)
    return _by_task(model, reached)


def tasks_of_loss(name: str, tasks: tuple[str, ...]) -> tuple[str, ...]:
    """The tasks that an auxiliary loss belongs to: `gate_<task>` to that task, any other to all of them."""
    return tuple(task for task in tasks if name == task or name.endswith(f"_{task}")) or tasks


def stacked_parameters(model: nn.Module) -> list[nn.Parameter]:
    """Parameters whose first axis is the task, in the order of the tasks, as modules declare by ``task_parameters()``.

    The graph does not show them: the paths of all tasks go through the tensor, each through another slice.
    """
    declared = (getattr(module, "task_parameters", None) for module in model.modules())
    return [parameter for parameters in declared if parameters is not None for parameter in parameters()]


def _by_task(model: nn.Module, reached: Mapping[str, set[int]]) -> Sharing:
    stacked = {id(parameter) for parameter in stacked_parameters(model)}
    parameters = [p for p in model.parameters() if p.requires_grad]
    tasks = {id(p): [task for task, leaves in reached.items() if id(p) in leaves] for p in parameters}
    shared = tuple(p for p in parameters if len(tasks[id(p)]) > 1 and id(p) not in stacked)
    apart = {id(p) for p in parameters} - {id(p) for p in shared}
    specific = {task: tuple(p for p in parameters if id(p) in apart and task in tasks[id(p)]) for task in reached}
    return Sharing(tuple(reached), shared, specific)


def _check_separate(losses: Mapping[str, Tensor]) -> None:
    """Refuse losses that were stacked and taken apart: the gradient of another task is 0 there, not None."""
    joined = {task: _joined_before(loss) for task, loss in losses.items()}
    for task, other in combinations(losses, 2):
        if joined[task] & joined[other]:
            raise TrainingError(
                f"Expected a separate loss for every task, got those of {task} and {other} as parts of one tensor, "
                "which hides the parameters that they share: pass the losses as they were before torch.stack or "
                "torch.cat."
            )


def _joined_before(loss: Tensor) -> set[Any]:
    """Nodes that were stacked or concatenated before the loss was taken as a part."""
    joined: set[Any] = set()
    visited: set[tuple[Any, bool]] = set()
    pending: list[tuple[Any, bool]] = [(loss.grad_fn, False)]
    while pending:
        node, selected = state = pending.pop()
        if node is None or state in visited:
            continue
        visited.add(state)
        if selected and node.name().startswith(JOINS):
            joined |= {following for following, _ in node.next_functions}
        elif all(len(output.shape) < 2 for output in node._input_metadata):  # outputs of a model have two axes or more
            selected = selected or node.name().startswith(SELECTIONS)
            pending += [(following, selected) for following, _ in node.next_functions]
    return joined


def _leaves(output: Tensor) -> set[int]:
    """Identities of the leaves of a tensor's graph."""
    leaves: set[int] = set()
    visited: set[Any] = set()
    pending: list[Any] = [output.grad_fn]
    while pending:
        node = pending.pop()
        if node is None or node in visited:
            continue
        visited.add(node)
        if node.name() == REENTRANT:
            raise TrainingError(
                "Expected activation checkpoints that show their graph, got a re-entrant one: call "
                "torch.utils.checkpoint with use_reentrant=False."
            )
        if hasattr(node, "variable"):
            leaves.add(id(node.variable))
        pending += [following for following, _ in node.next_functions]
    return leaves
