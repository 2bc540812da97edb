"""An episode: frames that a model adapts to, in order, separately for each condition.

The weights of a model are never changed: an adapted model is a function of its weights and of the batches since the
beginning of the episode. No state passes from one condition, video or episode to another, so that results depend
neither on the selection of conditions nor on the engine or an interruption.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from robustbench_endo.evaluation.adaptation.entropy import Outputs, leaves, marginal_entropy, mean_entropy, minimise
from robustbench_endo.evaluation.adaptation.layers import affine_parameters, batch_statistics
from robustbench_endo.evaluation.adaptation.settings import EPISODE, Adaptation, Memo, Tent


class Episode:
    """The state of adaptation during an episode; without a method, models are used as they are.

    Args:
        method: of the adaptation.
    """

    def __init__(self, method: Adaptation | None) -> None:
        self._method = method
        self._states: dict[Any, Any] = {}  # one thread at a time has a condition of a batch

    def adapt(self, model: Any, key: Any, ids: Sequence[str]) -> Callable[[Tensor], Outputs]:
        """The model for the next batch of an episode.

        Args:
            model: a network.
            key: of its state: the model's name and the condition.
            ids: names of the frames of the batch.
        """
        if self._method is None:
            adapted: Callable[[Tensor], Outputs] = model
            return adapted
        if isinstance(self._method, Tent):
            if key not in self._states:
                self._states[key] = TentState.of(model, self._method)
            return partial(_with_gradients, self._states[key].predict, model)
        if isinstance(self._method, Memo):
            return partial(_with_gradients, partial(memo, method=self._method, ids=ids), model)
        return partial(_with_gradients, batch_norm, model)


def split_episodes(ids: Sequence[str], indices: Sequence[int]) -> list[Sequence[int]]:
    """Frames in episodes of at most ``EPISODE`` frames, which do not go from one video to the next.

    Args:
        ids: names of all frames of the data set; a frame of a video is called ``<video>#...``.
        indices: of the frames of the run, in order.

    >>> split_episodes(["a.mp4#0", "a.mp4#1", "b.mp4#0"], range(3))
    [[0, 1], [2]]
    >>> split_episodes(["a.png", "b.png"], range(2))
    [[0, 1]]
    """
    episodes: list[list[int]] = []
    for index in indices:
        last = episodes[-1] if episodes else None
        if last is None or len(last) == EPISODE or _video(ids[last[-1]]) != _video(ids[index]):
            episodes.append([])
        episodes[-1].append(index)
    return [*episodes]


def _video(name: str) -> str:
    """The video of a frame; empty for an image."""
    return name.rpartition("#")[0]


def _with_gradients(predict: Callable[[nn.Module, Tensor], Outputs], model: nn.Module, images: Tensor) -> Outputs:
    """A prediction outside inference mode, whose tensors autograd cannot use."""
    with torch.inference_mode(False), torch.enable_grad():
        return predict(model, images.clone())


@torch.no_grad()
def batch_norm(model: nn.Module, images: Tensor) -> Outputs:
    """Predictions of a model whose batch norm uses the statistics of the batch."""
    with batch_statistics(model):
        outputs: Outputs = model(images)
    return outputs


class TentState:
    """Scale and shift of a model's normalisation layers, and Adam's moments."""

    def __init__(self, parameters: dict[str, Tensor], method: Tent) -> None:
        self._parameters = parameters
        self._steps = method.steps
        self._adam = torch.optim.Adam(parameters.values(), lr=method.lr)

    @classmethod
    def of(cls, model: nn.Module, method: Tent) -> TentState:
        """The state of an unadapted model."""
        with torch.inference_mode(False):
            return cls(leaves(affine_parameters(model)), method)

    def predict(self, model: nn.Module, images: Tensor) -> Outputs:
        """Predictions for a batch, and a step on their entropy, from which the next batch gains."""
        with batch_statistics(model):
            for _ in range(self._steps):
                outputs = minimise(model, self._parameters, self._adam, images, mean_entropy)
        return outputs


def memo(model: nn.Module, images: Tensor, method: Memo, ids: Sequence[str]) -> Outputs:
    """Predictions for each frame after a step on the entropy of the mean prediction for augmented copies of it."""
    outputs: list[Outputs] = []
    for image, name in zip(images, ids, strict=True):
        parameters = leaves({key: p for key, p in model.named_parameters() if p.is_floating_point()})
        sgd = torch.optim.SGD(parameters.values(), lr=method.lr)
        for step in range(method.steps):
            copies = augmented(image, method.augmentations, name, step)
            minimise(model, parameters, sgd, copies, marginal_entropy)
        with torch.no_grad():
            outputs.append(functional_call(model, parameters, (image[None],)))
    return {task: torch.cat([each[task] for each in outputs]) for task in outputs[0]}


def augmented(image: Tensor, count: int, name: str, step: int) -> Tensor:
    """Copies of an image changed by AugMix, in which nothing moves; a pure function of the arguments.

    Args:
        image: float (3, H, W) in [0, 1].
        count: number of copies.
        name: of the frame, which selects the random numbers.
        step: of the adaptation, which does so, too.
    """
    from robustbench_endo.training.augmentation.augmix import Mixing

    levels = np.ascontiguousarray((image * 255).round().byte().permute(1, 2, 0).cpu().numpy())
    seed = int.from_bytes(hashlib.blake2b(f"{name}\0{step}".encode(), digest_size=4).digest(), "little")
    copies = np.stack([Mixing()(levels, seed + number) for number in range(count)])
    return torch.from_numpy(copies).permute(0, 3, 1, 2).to(image.device).to(image.dtype) / 255
