"""A gate on the terminal: 80 columns, every verdict, and names as they are."""

import dataclasses
import io

from rich.console import Console

from robustbench_endo.gate.text import print_gate


def printed(report, **settings):
    console = Console(file=io.StringIO(), width=80)
    print_gate(report, console, **settings)
    return console.file.getvalue()


def test_print_gate_fits_the_terminal(undecided):
    text = printed(undecided)
    assert max(map(len, text.splitlines())) <= 80
    assert "80.5 (75.2 to 86.0) %" in text
    assert "undecided: accuracy, ours: No frame has a label." in text
    assert text.rstrip().endswith("Verdict: undecided")


def test_print_gate_prints_the_verdict_only(undecided):
    text = printed(undecided, quiet=True)
    assert "dice-smoke" not in text
    assert "Verdict: undecided" in text


def test_print_gate_prints_names_with_brackets(undecided):
    first = dataclasses.replace(undecided.criteria[0], model="[red]a", verdict="fail")
    text = printed(dataclasses.replace(undecided, criteria=(first,), models=("[red]a",), name="[b]"))
    assert "[red]a" in text
    assert "Acceptance gate [b]" in text
