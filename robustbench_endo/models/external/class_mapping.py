"""A model's own classes as the classes of the dataset: reordered, merged, or left to one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from robustbench_endo.errors import ModelError, unknown_name

Entries = tuple[str, ...] | Mapping[str, str]
"""The dataset's class of each model class, in order, or by the model's index or class name."""

NEVER = -1e4
"""The logit of a class that the model does not have: no probability in float32, and finite in float16."""


@dataclass(frozen=True)
class ClassMapping:
    """Model classes -> dataset classes.

    Attributes:
        spec: whose classes, for error messages.
        targets: model index -> dataset index.
        rest: dataset index of the model classes that ``targets`` lacks; None = there may be none.
        count: number of the dataset's classes.
        width: number of the model's classes, where it is known.
    """

    spec: str
    targets: Mapping[int, int]
    rest: int | None
    count: int
    width: int | None

    def __call__(self, logits: Tensor) -> Tensor:
        """Logits of the dataset's classes, (B, C, ...) -> (B, count, ...).

        The probabilities of model classes that become one class are added: p1 + p2 has the logit
        log(exp z1 + exp z2), up to the constant that a softmax does not see.

        Raises:
            ModelError: the model has a class that the mapping does not cover, or too few.
        """
        members = self.members(logits.shape[1])
        never = torch.full_like(logits[:, 0], NEVER)
        columns = [_merge(logits, indices) if indices else never for indices in members]
        return torch.stack(columns, dim=1)

    def members(self, width: int) -> list[list[int]]:
        """For every class of the dataset, the model's classes that become it."""
        highest = max(self.targets, default=-1) + 1
        if highest > width or (self.width is not None and self.width != width):
            raise ModelError(
                f"Expected {self.width or f'at least {highest}'} classes from the model {self.spec!r}, as in its "
                f"adapter, got {width}: give the adapter one entry per class of the model."
            )
        silent = [index for index in range(width) if index not in self.targets]
        if silent and self.rest is None:
            raise ModelError(
                f"Expected a class of the dataset for each of the {width} classes of the model {self.spec!r}, got "
                f'none for {", ".join(map(str, silent))}: name them in the adapter or set unmapped = "background".'
            )
        owner = [self.targets.get(index, self.rest) for index in range(width)]
        return [[index for index in range(width) if owner[index] == target] for target in range(self.count)]


def bind(
    spec: str, entries: Entries, unmapped: int | None, model_names: Sequence[str], names: Sequence[str]
) -> ClassMapping:
    """The mapping of the labels in an adapter.

    Args:
        spec: name of the model, for error messages.
        entries: data set label of each model label.
        unmapped: dataset index for what a table leaves out; None = refuse.
        model_names: the model's class names, empty where it has none.
        names: the dataset's class names.

    Raises:
        UnknownNameError: a name that the dataset, or the model, does not have; names the closest matches.

    >>> bind("example", ("tool", "tissue"), None, (), ("tissue", "tool")).targets
    {0: 1, 1: 0}
    """
    if isinstance(entries, Mapping):
        targets = {_index_in_model(key, model_names): index_of(name, names) for key, name in entries.items()}
        return ClassMapping(spec, targets, unmapped, len(names), len(model_names) or None)
    targets = {index: index_of(name, names) for index, name in enumerate(entries)}
    return ClassMapping(spec, targets, None, len(names), len(entries))


def index_of(name: str, names: Sequence[str]) -> int:
    """The position of ``name`` among the dataset's ``names``."""
    if name not in names:
        raise unknown_name("class of the dataset", name, names)
    return list(names).index(name)


def _index_in_model(key: str, model_names: Sequence[str]) -> int:
    if key in model_names:
        return list(model_names).index(key)
    if key.isdecimal():
        return int(key)
    if not model_names:
        raise ModelError(
            f"Expected the index of a class of the model in its adapter, got {key!r}: this model does not name its "
            "classes; count them from 0."
        )
    raise unknown_name("class of the model", key, model_names)


def _merge(logits: Tensor, members: list[int]) -> Tensor:
    if len(members) == 1:
        return logits[:, members[0]]
    return logits[:, members].logsumexp(dim=1)
