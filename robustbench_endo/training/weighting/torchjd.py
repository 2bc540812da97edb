"""`torchjd:<aggregator>`: every aggregator of TorchJD by name.

Source: Quinton and Rey, "Jacobian Descent for Multi-Objective Optimization", arXiv 2406.16232; https://torchjd.org.

TorchJD's projector calls quadprog, whose licence (GPL) is not compatible with ours; for a few tasks, a non-negative
least-squares problem gives the same result.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch
from scipy.optimize import nnls
from torch import Tensor, nn

from robustbench_endo.errors import OptionalDependencyError, TrainingError, unknown_name
from robustbench_endo.training.weighting.base import AggregatedGradient, Weighting, check_options, plain

EPSILON = 1e-4
"""For the normalisation of the Gramian and on its diagonal, as in TorchJD."""


def dual_cone_projector() -> Any:
    """A ``torchjd.linalg.DualConeProjector``; defined in a function, as its base class may not be installed."""
    from torchjd.linalg import DualConeProjector

    class NonNegativeProjector(DualConeProjector):
        """min v^T G v with v >= u is min |L^T (u + s)|^2 with s >= 0, where G = L L^T."""

        def __call__(self, rows: Tensor, matrix: Tensor) -> Tensor:
            """Rows u (..., m) and the Gramian G (m, m) -> the projections' weights (..., m)."""
            gramian = matrix.detach().cpu().double().numpy()
            root = np.linalg.cholesky(_conditioned(gramian)).T
            targets = rows.detach().cpu().double().numpy()
            projected = np.apply_along_axis(lambda u: u + nnls(root, -root @ u)[0], -1, targets)
            return torch.as_tensor(projected, dtype=matrix.dtype, device=matrix.device)

    return NonNegativeProjector()


def _conditioned(gramian: np.ndarray) -> np.ndarray:
    """Of trace 1 and positive definite."""
    size = len(gramian)
    trace = float(np.trace(gramian))
    return (gramian / trace if trace > EPSILON else np.zeros_like(gramian)) + EPSILON * np.eye(size)


PREFIX = "torchjd:"

DEFAULTS: dict[str, dict[str, Any]] = {"cagrad": {"c": 0.5}, "fairgrad": {"alpha": 1.0}, "nashmtl": {"n_tasks": 2}}
"""Options without a default in TorchJD: those of LibMTL, and two tasks."""

BASES = ("Aggregator", "WeightedAggregator", "GramianWeightedAggregator")


class TorchJD(Weighting):
    """d = A(G), the aggregation of the matrix of the g_t. Task-specific parameters: plain gradients.

    Random aggregators are seeded with the number of the step, so that all processes and a resumed training agree.

    Args:
        aggregator: `upgrad`, `mgda`, `pcgrad`, ... (a class of ``torchjd.aggregation``, in lower case).
        options: of its constructor; a sequence becomes a tensor.

    Raises:
        UnknownNameError, TrainingError, OptionalDependencyError: see :func:`load_weighting`.
    """

    def __init__(self, aggregator: str, options: Mapping[str, Any]) -> None:
        kinds = aggregators()
        if aggregator not in kinds:
            raise unknown_name("weighting", PREFIX + aggregator, [PREFIX + name for name in kinds])
        self.name, self.step = PREFIX + aggregator, 0
        self.aggregator = _build(self.name, kinds[aggregator], DEFAULTS.get(aggregator, {}) | dict(options))

    def combine(self, losses: Tensor, gradients: Tensor) -> AggregatedGradient:
        """See :meth:`Weighting.combine`; the weights for the log are 1 for an aggregator without weights.

        Raises:
            TrainingError: options for another number of tasks.
        """
        self.step += 1
        if not gradients.shape[1]:
            return plain(losses, gradients)
        with torch.random.fork_rng(devices=[gradients.device] if gradients.is_cuda else []):
            torch.manual_seed(self.step)
            try:
                return self._aggregated(gradients)
            except ValueError as error:
                raise TrainingError(
                    f"Expected options of the weighting {self.name} that fit {len(losses)} tasks, got: {error}"
                ) from error

    def _aggregated(self, gradients: Tensor) -> AggregatedGradient:
        ones = torch.ones_like(gradients[:, 0])
        if not isinstance(self.aggregator, _module().WeightedAggregator):
            return AggregatedGradient(self.aggregator(gradients), ones, ones)
        weights = self.aggregator.weighting(gradients).to(gradients)
        return AggregatedGradient(weights @ gradients, ones, weights)

    def state_dict(self) -> dict[str, Any]:
        """See :meth:`Weighting.state_dict`; the last solution of Nash-MTL is not stored."""
        return {"step": self.step} | {f"{number}.{name}": _packed(value) for number, name, value in self._state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """See :meth:`Weighting.load_state_dict`."""
        known = {"step", *(f"{number}.{name}" for number, name, _ in self._state())}
        if set(state) != known:
            raise TrainingError(
                f"Expected the state of the weighting {self.name}, got one of {', '.join(map(str, state))}: resume "
                "with the original weighting."
            )
        self.step = int(state["step"])
        modules = list(self.aggregator.modules())
        for number, name, _ in list(self._state()):
            setattr(modules[number], name, _unpacked(state[f"{number}.{name}"]))

    def _state(self) -> Iterator[tuple[int, str, Any]]:
        """The state_dict of TorchJD's aggregators is incomplete: they have private attributes and buffers."""
        ordinary = vars(nn.Module())
        for number, module in enumerate(self.aggregator.modules()):
            private = {k: v for k, v in vars(module).items() if k.startswith("_") and k not in ordinary}
            for name, value in (private | module._buffers).items():
                if value is None or isinstance(value, Tensor | int | float | tuple):
                    yield number, name, value


def aggregators(missing_ok: bool = False) -> dict[str, type]:
    """TorchJD's aggregators by name, sorted.

    Raises:
        OptionalDependencyError: TorchJD is not installed, unless ``missing_ok``.
    """
    try:
        module = _module()
    except ModuleNotFoundError as error:
        if missing_ok:
            return {}
        raise OptionalDependencyError(
            f"Expected the package torchjd for weightings of that name, got {error.name} missing: install it with "
            "pip install 'robustbench-endo[mtl]'."
        ) from error
    kinds = {name.lower(): getattr(module, name) for name in module.__all__ if name not in BASES}
    return {name: kind for name, kind in sorted(kinds.items()) if issubclass(kind, module.Aggregator)}


def _module() -> ModuleType:
    return importlib.import_module("torchjd.aggregation")


def _build(name: str, kind: type, options: dict[str, Any]) -> nn.Module:
    parameters = inspect.signature(kind).parameters
    check_options(name, options, parameters)
    missing = [key for key, p in parameters.items() if p.default is p.empty and key not in options]
    if missing:
        raise TrainingError(f"Expected the option {missing[0]} for the weighting {name}, got none: give it a value.")
    tensors = {k: torch.tensor(v) if isinstance(v, list | tuple) else v for k, v in options.items()}
    if "projector" in parameters:
        tensors["projector"] = dual_cone_projector()
    try:
        aggregator: nn.Module = kind(**tensors)
    except ImportError as error:
        raise _missing_packages(name, str(error)) from error
    except (TypeError, ValueError) as error:
        raise TrainingError(f"Expected other options for the weighting {name}, got {options}: {error}") from error
    return aggregator


def _missing_packages(name: str, message: str) -> OptionalDependencyError:
    """From the message of TorchJD, which has the packages in quotes and its extra in brackets."""
    packages = ", ".join(re.findall(r"'(\w+)'", message))
    extra = re.search(r"torchjd\[\w+\]", message)
    return OptionalDependencyError(
        f"Expected the packages {packages} for the weighting {name}, got some missing: install them with "
        f"pip install '{extra[0] if extra else 'torchjd[full]'}'."
    )


def _packed(value: Any) -> Any:
    return {"value": value.clone(), "device": str(value.device)} if isinstance(value, Tensor) else value


def _unpacked(value: Any) -> Any:
    """On its original device: some aggregators store tensors on the CPU, whatever the device of the gradients."""
    if not isinstance(value, dict):
        return value
    gone = value["device"].startswith("cuda") and not torch.cuda.is_available()
    return value["value"].clone().to("cpu" if gone else value["device"])
