"""An evaluation leaves a training as it was, and takes the data that a training has."""

import copy
import random
from contextlib import suppress

import numpy as np
import pytest
import torch

from robustbench_endo.errors import DataError
from robustbench_endo.lightning.module_evaluation import NetworkOfTrainer, frames_of, undisturbed
from robustbench_endo.types import Dataset


def random_numbers():
    return random.random(), np.random.rand(), torch.rand(1).item()  # noqa: NPY002


def test_undisturbed_restores_modes_and_random_numbers(module):
    module.body[1].eval()  # a frozen layer
    modes = [layer.training for layer in module.modules()]
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(3)
    expected = random_numbers()
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(3)
    with suppress(ZeroDivisionError), undisturbed([module], torch.device("cpu")):
        assert not any(layer.training for layer in module.modules())
        random_numbers()
        raise ZeroDivisionError
    assert [layer.training for layer in module.modules()] == modes
    assert random_numbers() == expected


def test_network_of_trainer_names_the_task_of_a_tensor(trainer):
    images = torch.zeros(2, 3, 4, 6)
    for output, names in (
        (torch.zeros(2, 7, 4, 6), ["segmentation"]),
        (torch.zeros(2, 5), ["activity"]),
        ({"segmentation": images}, ["segmentation"]),
    ):
        network = NetworkOfTrainer(lambda images, output=output: output, trainer.precision_plugin)
        assert list(network(images)) == names


def test_network_of_trainer_leaves_stored_tensors_fit_for_training(module, trainer):
    network = NetworkOfTrainer(module, trainer.precision_plugin)
    with torch.inference_mode():
        assert not network(torch.zeros(1, 3, 4, 6))["segmentation"].requires_grad
    module(torch.zeros(2, 3, 4, 6)).sum().backward()  # with the tensor that the module stored
    assert module.body[0].weight.grad is not None
    with pytest.raises(NotImplementedError):
        copy.deepcopy(network)


def test_frames_of_takes_the_data_set_of_the_first_loader(frames):
    loader = torch.utils.data.DataLoader(frames)
    for data in (frames, loader, [loader, None], {"val": loader}):
        assert frames_of(data, None) is frames
    assert len(frames_of("synthetic@frames=1", None)) == 1
    for data in (None, [], {}):
        with pytest.raises(DataError, match="Expected data for RobustnessCallback, got none"):
            frames_of(data, None)


def test_frames_of_converts_a_torch_data_set(frames):
    pairs = [(frames[i].image / 255, frames[i].mask.long()) for i in range(len(frames))]
    converted = frames_of(torch.utils.data.DataLoader(pairs), frames.classes)
    part = frames_of(torch.utils.data.Subset(pairs, [1]), frames.classes)
    assert len(part) == 1
    assert part[0].image.equal(frames[1].image)
    assert len(frames_of(pairs, frames.classes)) == len(frames)
    assert isinstance(converted, Dataset)
    assert len(converted) == len(frames)
    assert converted[1].image.equal(frames[1].image)
    assert converted[1].mask.equal(frames[1].mask)
