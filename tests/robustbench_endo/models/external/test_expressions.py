"""Symbolic expressions: arithmetic passes, anything that runs code or does not end is refused."""

from __future__ import annotations

import pytest

from robustbench_endo.models.external.expressions import MAX_LENGTH, expression_problem, guard_problem

ARITHMETIC = [
    "s0",
    "32*s39",
    "Symbol('s0', positive=True, integer=True)",
    "Add(Mul(Integer(2), Symbol('s0', positive=True, integer=True)), Mod(Integer(7), Integer(3)))",
    "Min(Integer(1), Max(Integer(1), FloorDiv(Symbol('s0', integer=True), Integer(2))))",
    "Pow(Max(Integer(1), Symbol('s0', integer=True)), Integer(2))",
    "Float('3.5', precision=53)",
    "And(Ne(s0, 1), s1 >= 2)",
]


@pytest.mark.parametrize("text", ARITHMETIC)
def test_expression_problem_accepts_arithmetic(text):
    assert expression_problem(text) is None


CODE = [
    "__import__('os').system('true')",
    "().__class__.__base__",
    "(lambda: 1)()",
    "open('x')",
    "[s for s in (1, 2)]",
    "s0[0]",
    "exec('1')",
    "Add('__import__(1)', 1)",
    "Add('s0', 1)",
    "Symbol('s0', **{})",
    "Symbol('s0', cls=Symbol)",
    "Float('1', precision=999999999)",
    "sympify('1')",
    "Integer('2')",
    "f'{s0}'",
    "s0 if True else open",
    "(s0 := 1)",
    "Symbol('u99999999999')",
    "é",
    "",
    "1; 2",
    "s0.evalf",
]


@pytest.mark.parametrize("text", CODE)
def test_expression_problem_refuses_code(text):
    if text == "s0 if True else open":  # a name is a symbol, whatever it is called
        assert expression_problem(text) is None
        return
    assert expression_problem(text)


ENDLESS = ["9**9**9", "Pow(9, Pow(9, 9))", "PowByNatural(2, 10**9)", "2**s0", "LShift(1, 99999999)", "9" * 40]


@pytest.mark.parametrize("text", [*ENDLESS, "1+" * MAX_LENGTH + "1", "-" * 5_000 + "1"])
def test_expression_problem_refuses_what_does_not_end(text):
    assert expression_problem(text)


@pytest.mark.parametrize(
    "text",
    [
        "L['x'].size()[2] // 4 != 0",
        "2*L['x'].size()[0] < 2147483648",
        "L['args'][0].stride()[1] == 1",
        "torch.sym_max(1, L['x'].size()[3] // 4) % 7 == 0",
        "Mod(L['x'].size()[2], 2) == 0",
    ],
)
def test_guard_problem_accepts_comparisons_of_sizes(text):
    assert guard_problem(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "L['x'].save('f')",
        "L['x'].size().__class__",
        "L['x\"); import os #'].size()[0]",
        "torch.save(1, 'f')",
        "L['x'].size()[open('f')]",
        "L['x'].numpy()",
    ],
)
def test_guard_problem_refuses_code(text):
    assert guard_problem(text)
