import pytest
import torch

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation import choose_device


def test_auto_and_cpu():
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_a_gpu_that_is_not_there():
    with pytest.raises(RobustEndoError, match=r"Expected a CUDA device for 'cuda:77', got \d+ on this machine"):
        choose_device("cuda:77")
    with pytest.raises(RobustEndoError, match="Expected a device such as auto"):
        choose_device("gpu")
