"""Full float32 under every combination of torch's two interfaces; the settings need no GPU."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
import torch

from robustbench_endo.evaluation import full_float32 as module
from robustbench_endo.evaluation.full_float32 import full_float32

newer = pytest.mark.skipif(not module._has_newer(), reason="torch < 2.9 has only the older interface")

OLDER: dict[str, Callable[[], None]] = {
    "default": lambda: None,
    "matmul": lambda: torch.set_float32_matmul_precision("high"),
    "medium": lambda: torch.set_float32_matmul_precision("medium"),
    "allow": lambda: setattr(torch.backends.cuda.matmul, "allow_tf32", True),
    "convolutions": lambda: setattr(torch.backends.cudnn, "allow_tf32", False),
}
NEWER: dict[str, Callable[[], None]] = {
    "default": lambda: None,
    "generic": lambda: setattr(torch.backends, "fp32_precision", "tf32"),
    "generic ieee": lambda: setattr(torch.backends, "fp32_precision", "ieee"),
    "cuda": lambda: setattr(torch.backends.cudnn, "fp32_precision", "tf32"),
    "matmul": lambda: setattr(torch.backends.cuda.matmul, "fp32_precision", "tf32"),
    "convolutions": lambda: setattr(torch.backends.cudnn.conv, "fp32_precision", "ieee"),
    "recurrent": lambda: setattr(torch.backends.cudnn.rnn, "fp32_precision", "ieee"),
    "bf16": lambda: setattr(torch.backends.mkldnn.matmul, "fp32_precision", "bf16"),
}
OPERATIONS = [("generic", "all"), *itertools.product(("cuda", "mkldnn"), ("all", "matmul", "conv", "rnn"))]


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """torch's defaults before and after each test."""
    _reset()
    yield
    _reset()


def _reset() -> None:
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = True
    if module._has_newer():
        for operation in OPERATIONS:
            cudnn = operation in (("cuda", "conv"), ("cuda", "rnn"))
            module._set(operation, "tf32" if cudnn else "none")


def settings() -> list[object]:
    """All that can be read of both interfaces, the older one also where it raises."""
    values: list[object] = []
    for read in (
        torch.get_float32_matmul_precision,
        lambda: torch.backends.cuda.matmul.allow_tf32,
        lambda: torch.backends.cudnn.allow_tf32,
    ):
        try:
            values.append(read())
        except RuntimeError as error:
            values.append(str(error))
    return values + ([module._get(operation) for operation in OPERATIONS] if module._has_newer() else [])


def inherited() -> list[str]:
    """The precision of every operation after each change of the settings that it may inherit from."""
    values = []
    for parent in (("generic", "all"), ("cuda", "all"), ("mkldnn", "all")):
        for probe in ("ieee", "tf32", "none"):
            module._set(parent, probe)
            values += [module._get(operation) for operation in OPERATIONS]
    return values


@newer
@pytest.mark.parametrize("second", NEWER)
@pytest.mark.parametrize("first", OLDER)
def test_full_float32_holds_and_restores_every_combination(first, second):
    def combine() -> None:
        _reset()
        OLDER[first]()
        NEWER[second]()

    combine()
    before = settings()
    with full_float32():
        assert torch.get_float32_matmul_precision() == "highest"
        assert not torch.backends.cuda.matmul.allow_tf32
        assert not torch.backends.cudnn.allow_tf32
        operations = [torch.backends.cuda.matmul, torch.backends.cudnn.conv, torch.backends.cudnn.rnn]
        assert [operation.fp32_precision for operation in operations] == ["ieee"] * 3
    assert settings() == before
    after = inherited()
    combine()
    assert inherited() == after


def test_full_float32_uses_only_the_older_interface_where_there_is_no_newer(monkeypatch):
    monkeypatch.setattr(module, "_has_newer", lambda: False)
    monkeypatch.setattr(module, "_set", lambda operation, precision: pytest.fail("the newer interface was used"))
    torch.set_float32_matmul_precision("high")
    with full_float32():
        assert torch.get_float32_matmul_precision() == "highest"
        assert not torch.backends.cudnn.allow_tf32
    assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32) == ("high", True)


@newer
def test_full_float32_restores_after_an_error_and_nests():
    torch.backends.cuda.matmul.fp32_precision = "tf32"
    before = settings()
    with pytest.raises(ValueError, match="inside"), full_float32(), full_float32():
        raise ValueError("inside")
    assert settings() == before


@pytest.mark.gpu
def test_full_float32_multiplies_without_rounding_to_tf32(gpu):
    torch.set_float32_matmul_precision("high")
    product = torch.full((64, 64), 1 + 2**-12, device=gpu)
    with full_float32():
        assert torch.equal(product @ torch.eye(64, device=gpu), product)
