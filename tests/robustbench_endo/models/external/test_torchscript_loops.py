"""Loops with and without a bound that the code states."""

from __future__ import annotations

import ast

import pytest

from robustbench_endo.models.external.torchscript_loops import has_long_loop

BOUNDED = [
    "for i in range(100): pass",
    "for i in range(2, 9): pass",
    "for i in range(torch.sub(torch.len(size), 2)): pass",
    "dim = torch.sub(torch.dim(x), 2)\nfor i in range(dim): pass",
    "for i in range(300):\n  for j in range(300): pass",
    "for y in [1, 2]: pass",
    "ys = annotate(List[int], [])\nfor y in ys: pass",
    "z = [y for y in size]",
]
ENDLESS = [
    "for i in range(1000000000000): pass",
    "for i in range(9223372036854775807): pass",
    f"for i in range({10**30}): pass",
    "for i in range(n): pass",
    "n = 1000000000\nfor i in range(n): pass",
    "n = torch.mul(1000, 1000)\nfor i in range(n): pass",
    "n = 1\nn = torch.mul(n, 1000000000)\nfor i in range(n): pass",
    "for i in range(torch.len(x)): pass",
    "for i in range((torch.size(x))[0]): pass",
    "for y in x: pass",
    "for i in range(torch.sub(3, -1000000000)): pass",
    "for i in range(-1000000000, 3): pass",
    "for i in range(1, 2, 3): pass",
    "for i in range(): pass",
    "for i in range(1000):\n  for j in range(1000): pass",
    "for i in range(1000):\n  z = [j for j in range(1000)]",
    "z = [[0 for i in range(1000)] for j in range(1000)]",
    "m = n\nn = m\nfor i in range(n): pass",
    "xs = x\nfor y in xs: pass",
    "a, n = x\nfor i in range(n): pass",
]


def function(code: str) -> ast.Module:
    body = "\n".join(f"  {line}" for line in code.split("\n"))
    return ast.parse(f"def forward(self, x: Tensor, size: List[int], n: int):\n{body}\n")


@pytest.mark.parametrize("code", BOUNDED)
def test_has_long_loop_is_false_for_bounded_loops(code):
    assert not has_long_loop(function(code))


@pytest.mark.parametrize("code", ENDLESS)
def test_has_long_loop_is_true_for_others(code):
    assert has_long_loop(function(code))


def test_has_long_loop_outside_of_functions():
    assert has_long_loop(ast.parse("for i in range(n): pass"))
