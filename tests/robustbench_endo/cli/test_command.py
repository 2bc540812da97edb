"""Help with groups and examples, choices, and wrong values as one sentence."""

import shlex

import click
import pytest
from click.testing import CliRunner

from robustbench_endo.cli import main
from robustbench_endo.cli.command import Command, argument, command, examples_of, option
from robustbench_endo.cli.errors import ErrorHandlingGroup


def commands():
    named = {}
    for name, each in main.commands.items():
        named[name] = each
        named |= {f"{name} {sub}": child for sub, child in getattr(each, "commands", {}).items()}
    return named


@pytest.fixture
def group():
    group = ErrorHandlingGroup("main")

    @command(short="Work.", examples=("robust-endo work 3 --kind b",))
    @argument("count", metavar="COUNT", type=int)
    @option("--kind", group="Model", type=click.Choice(["a", "b"]))
    @option("--rate", group="Output", type=click.FloatRange(0, min_open=True))
    @option("--size", "-s", multiple=True, type=click.IntRange(1, 20))
    @option("--fast/--no-fast", default=None, only_positive=True, help="Be fast.")
    @option("--folder", type=click.Path(file_okay=False))
    def work(**params):
        """Work hard."""
        click.echo(params["fast"])

    group.add_command(work)
    return group


@pytest.fixture
def call(group):
    return lambda *words: CliRunner().invoke(group, [str(word) for word in words])


def test_command_help_has_groups_and_examples(call):
    lines = call("work", "--help").stdout.splitlines()
    heads = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert heads == ["Model:", "Output:", "Options:", "Other:", "Examples:"]
    assert lines[-1] == "  robust-endo work 3 --kind b"
    assert any(line.split() == ["--fast", "Be", "fast."] for line in lines)
    assert "COUNT" not in "".join(lines[3:])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("1 --kind c", "Expected --kind to be one of a, b, got 'c': choose one of them."),
        ("1 --rate 0", "Expected --rate to be a number above 0, got '0': correct the number."),
        ("1 --rate fast", "Expected --rate to be a number above 0, got 'fast': correct the number."),
        ("1 -s 3 -s 21", "Expected --size to be an integer from 1 to 20, got '21': correct the number."),
        ("x", "Expected COUNT to be an integer, got 'x': correct the number."),
        ("", "Expected the argument COUNT, got none: add it; see robust-endo work --help."),
        ("1 2", "Expected no further argument of robust-endo work, got '2': quote a name with blanks; see"),
        ("1 --rat 2", "Expected an option of robust-endo work, got '--rat': did you mean --rate?"),
        ("1 --rate", "Expected a value after --rate, got none: see robust-endo work --help."),
        ("1 --fast=3", "Expected no value after --fast, got one: leave it out."),
        ("1 --other", "Expected an option of robust-endo work, got '--other': see robust-endo work --help."),
    ],
)
def test_wrong_value_is_one_sentence(call, words, sentence):
    result = call("work", *words.split())
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {sentence}")
    assert len(result.stderr.splitlines()) == 1


def test_path_that_is_no_folder_is_one_sentence(call, tmp_path):
    (tmp_path / "file").touch()
    result = call("work", 1, "--folder", tmp_path / "file")
    assert result.stderr.startswith(f"Error: Expected --folder to be a folder, got '{tmp_path / 'file'}': ")


def test_flag_has_its_negative_form(call):
    assert call("work", 1, "--no-fast").stdout == "False\n"


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_has_examples_that_it_accepts(name):
    each = commands()[name]
    assert isinstance(each, (Command, click.Group))
    if isinstance(each, click.Group):
        return
    assert examples_of(each)
    for line in examples_of(each):
        assert len(line) <= 78, line
        words = shlex.split(line)[1:]
        assert words[: len(name.split())] == name.split()
        each.make_context(name, words[len(name.split()) :])


def test_short_help_of_every_command_fits_one_line():
    text = CliRunner().invoke(main, ["--help"]).stdout
    rows = text.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert len(rows) == len(main.commands)
    assert [row for row in rows if row.endswith("...")] == []


def test_every_option_with_a_value_has_a_metavar_or_choices():
    for name, each in commands().items():
        for parameter in each.params:
            if isinstance(parameter, click.Option) and not parameter.is_flag:
                named = parameter.metavar or isinstance(parameter.type, click.Choice)
                assert named, f"{name} {parameter.opts[0]}"


def test_every_option_of_a_grouped_command_has_a_group():
    for name in ("evaluate", "train", "reproduce", "synthesize", "report", "compare"):
        options = [each for each in main.commands[name].params if isinstance(each, click.Option)]
        assert [each.opts[0] for each in options if getattr(each, "group", "Options") == "Options"] == [], name
