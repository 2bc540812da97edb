"""Methods: models that come from one training with several seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from robustbench_endo.errors import ModelError
from robustbench_endo.evaluation.predict import Model

ModelsByName = Mapping[str, Model | Sequence[Model]]
"""Name -> a model, or the models of a method, one per training seed."""


class MethodSeed(NamedTuple):
    """The method of a model, and the seed of its training."""

    method: str
    seed: int


def split_methods(models: ModelsByName) -> tuple[dict[str, Model], dict[str, MethodSeed]]:
    """The models by name, where those of a method are called ``<method>/seed<n>``.

    The seed is the model's attribute ``training_seed``, which checkpoints have, else the position in the sequence.

    Args:
        models: name -> a model, or the models of a method.

    Returns:
        Name -> model, and name -> method and seed of those that belong to a method; a method is ordered by seed.

    Raises:
        ModelError: a method without models or with two models of one seed, or two models of one name.

    >>> models, seeds = split_methods({"ours": [print, print], "other": print})
    >>> list(models), seeds["ours/seed1"].method
    (['ours/seed0', 'ours/seed1', 'other'], 'ours')
    """
    named: dict[str, Model] = {}
    seeds: dict[str, MethodSeed] = {}
    for name, entry in models.items():
        if not isinstance(entry, Sequence):
            _add(named, name, entry)
            continue
        for seed, model in _by_seed(name, entry):
            model_name = f"{name}/seed{seed}"
            _add(named, model_name, model)
            seeds[model_name] = MethodSeed(name, seed)
    return named, seeds


def _add(named: dict[str, Model], name: str, model: Model) -> None:
    if name in named:
        raise ModelError(f"Expected a different name for each model, got {name!r} twice: rename one of them.")
    named[name] = model


def _by_seed(method: str, models: Sequence[Model]) -> list[tuple[int, Model]]:
    if not models:
        raise ModelError(f"Expected at least one model of the method {method!r}, got none: name its checkpoints.")
    recorded = [getattr(model, "training_seed", None) for model in models]
    if any(seed is None for seed in recorded):
        return list(enumerate(models))
    repeated = next((seed for seed in recorded if recorded.count(seed) > 1), None)
    if repeated is not None:
        raise ModelError(
            f"Expected models of different training seeds for the method {method!r}, got the seed {repeated} more than "
            "once: name trainings that differ in more than the seed as separate models."
        )
    return sorted(((int(str(seed)), model) for seed, model in zip(recorded, models, strict=True)), key=lambda it: it[0])
