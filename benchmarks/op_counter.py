"""Counts the torch operations that a corruption launches, and the bytes that they read and write."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter


class OpCounter(TorchDispatchMode):
    """Counts while it is entered; kernels that torch does not launch itself (Triton's) are not counted.

    Attributes:
        launches: operations that compute anything; views do not.
        full: those of them that return at least ``pixels`` values.
        touched: bytes of their arguments and results.
    """

    def __init__(self, pixels: int) -> None:
        super().__init__()
        self.pixels = pixels
        self.launches = self.full = self.touched = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        aliases = [item.alias_info for item in func._schema.returns]
        if not any(alias is not None and not alias.is_write for alias in aliases):
            self.launches += 1
            self.full += any(isinstance(item, Tensor) and item.numel() >= self.pixels for item in tree_iter(result))
            self.touched += sum(item.nbytes for item in tree_iter((args, kwargs, result)) if isinstance(item, Tensor))
        return result
