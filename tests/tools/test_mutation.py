"""Mutants of code, and which of them count."""

import pytest


@pytest.fixture
def mutants_of(mutation, tmp_path, monkeypatch):
    """The mutants of a piece of code as (before, after)."""

    def mutate(code):
        (tmp_path / "code.py").write_text(code, "utf-8")
        monkeypatch.setattr(mutation, "PACKAGE", tmp_path)
        return [(mutant.before, mutant.after) for mutant in mutation.mutants("code.py")]

    return mutate


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a < b", [("a < b", "a <= b"), ("a < b", "a >= b")]),
        ("a + b", [("a + b", "a - b")]),
        ("a and b", [("a and b", "a or b")]),
        ("-a", [("-a", "a")]),
        ("np.max(a)", [("np.max(a)", "np.min(a)")]),
        ("np.abs(a)", [("np.abs(a)", "a")]),
        ("x = True", [("True", "False")]),
        ("x = 3", [("3", "4")]),
        ("x = 1e-12", []),
    ],
)
def test_mutants_change_one_operator_constant_or_function(mutants_of, code, expected):
    assert mutants_of(code) == expected


def test_mutants_leave_out_what_no_test_can_see(mutants_of):
    code = """
def f(a: 'list[1]' = 2) -> 'tuple[3]':
    if a:
        raise ValueError(f'{a + 1}')
    return zip(a, a, strict=True)
"""
    assert mutants_of(code) == []


def test_select_is_reproducible(mutation):
    one, again, other = (mutation.select(["results/sign_flips.py"], 5, seed) for seed in (0, 0, 1))
    assert one == again
    assert one != other
    assert len(one) == 5


def test_equivalent_mutants_occur_in_the_code(mutation):
    for target, before, after in mutation.EQUIVALENT:
        assert (before, after) in {(mutant.before, mutant.after) for mutant in mutation.mutants(target)}
