"""Float32 without TensorFloat-32, whichever of torch's two interfaces for it the user has set.

torch 2.9 added ``fp32_precision`` by backend and operation to the global ``allow_tf32`` and
``float32_matmul_precision``; where both disagree, reading the older one raises a RuntimeError, in torch's compiler and
in libraries, too. Inside :func:`full_float32` both say the same, and afterwards each is what it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

Operation = tuple[str, str]
"""Backend and operation in torch's newer interface."""

_ALL: Operation = ("generic", "all")
# The older interface also sets the products of matrices of MKL-DNN.
_OPERATIONS: tuple[Operation, ...] = (("cuda", "matmul"), ("cuda", "conv"), ("cuda", "rnn"), ("mkldnn", "matmul"))


@contextmanager
def full_float32() -> Iterator[None]:
    """Compute float32 products, convolutions and recurrent layers on a GPU without TensorFloat-32.

    >>> with full_float32():
    ...     torch.get_float32_matmul_precision()
    'highest'
    """
    newer = {each: (_setting(each), _get(each)) for each in _OPERATIONS} if _has_newer() else {}
    for operation in newer:
        _set(operation, "ieee")  # the older interface can then be read
    matmul, convolutions = torch.get_float32_matmul_precision(), _older_allow_tf32()
    _set_older("highest", False)
    for operation in newer:
        _set(operation, "ieee")  # which the older interface has set to "none": as the user's default is
    try:
        yield
    finally:
        _set_older(matmul, convolutions)
        for operation, (setting, precision) in newer.items():
            _set(operation, setting)
            if _get(operation) != precision:  # torch's own default, which "none" does not restore
                _set(operation, precision)


def _has_newer() -> bool:
    return hasattr(torch._C, "_get_fp32_precision_getter")


def _get(operation: Operation) -> str:
    precision: str = torch._C._get_fp32_precision_getter(*operation)
    return precision


def _set(operation: Operation, precision: str) -> None:
    torch._C._set_fp32_precision_setter(*operation, precision)


def _setting(operation: Operation) -> str:
    """What is set for an operation: ``none`` where it inherits from its backend, whose precision torch returns then."""
    if operation == _ALL:
        return _get(operation)
    backend, name = operation
    parent = _ALL if name == "all" else (backend, "all")
    before, precision = _setting(parent), _get(operation)
    inherits = True
    for probe in ("ieee", "tf32"):
        _set(parent, probe)
        inherits &= _get(operation) == probe
    _set(parent, before)
    return "none" if inherits else precision


def _older_allow_tf32() -> bool:
    """Whether the older interface allows TensorFloat-32 in convolutions; the newer one must say ``ieee`` for all."""
    try:
        allowed: bool = torch.backends.cudnn.allow_tf32
    except RuntimeError:  # they disagree
        return True
    return allowed


def _set_older(matmul: str, convolutions: bool) -> None:
    torch.set_float32_matmul_precision(matmul)
    torch.backends.cudnn.allow_tf32 = convolutions
