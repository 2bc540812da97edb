"""Options of a command from a configuration."""

import dataclasses
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from robustbench_endo.cli.config_options import config_from_params, config_options, field_options
from robustbench_endo.cli.errors import ErrorHandlingGroup
from robustbench_endo.config import option


def parse_pair(text):
    first, last = text.split("-")
    return int(first), int(last)


@dataclasses.dataclass(frozen=True)
class Settings:
    """A configuration with an option of every type."""

    name: str = option("one", "A name.", "--name", "-n")
    tags: tuple[str, ...] = option((), "A tag; repeatable.", "--tag", multiple=True)
    pair: tuple[int, int] = option((1, 2), "A pair.", parse=parse_pair, shown_default="1-2")
    size: int | None = option(None, "A size.", type="int", minimum=1)
    rate: float = option(0.5, "A rate.", type="float")
    fast: bool = option(False, "Be fast.", type="bool")
    mixed: bool | None = option(None, "Mix.", type="bool")
    out: Path = option(Path("out"), "A folder.", type="path")


@pytest.fixture
def call():
    group = ErrorHandlingGroup("main")

    @group.command()
    @config_options(Settings, "run")
    @click.option("--extra")
    def run(config, extra):
        click.echo(repr((config, extra)))

    @group.command()
    @field_options(Settings, ("size", "name"))
    def some(**params):
        click.echo(repr((config_from_params(Settings, params), params)))

    return lambda *arguments: CliRunner().invoke(group, [str(argument) for argument in arguments])


def test_config_options_without_options_gives_defaults(call):
    assert call("run").stdout.strip() == repr((Settings(), None))


def test_config_options_sets_every_field(call):
    options = "-n two --tag a --tag b --pair 3-4 --size 5 --rate 0.25 --fast --no-mixed --out here --extra more"
    expected = Settings("two", ("a", "b"), (3, 4), 5, 0.25, True, False, Path("here"))
    assert call("run", *options.split()).stdout.strip() == repr((expected, "more"))


def test_config_options_command_line_replaces_file(call, tmp_path):
    (tmp_path / "a.toml").write_text('[run]\nname = "three"\nsize = 7\npair = "5-6"\ntags = ["c"]\n')
    result = call("run", "--config", tmp_path / "a.toml", "--size", 8)
    assert result.stdout.strip() == repr((Settings("three", ("c",), (5, 6), 8), None))


def test_config_options_print_config_is_read_back(call, tmp_path):
    printed = call("run", "--name", "four", "--print-config")
    (tmp_path / "a.toml").write_text(printed.stdout)
    assert call("run", "--config", tmp_path / "a.toml").stdout.strip() == repr((Settings("four"), None))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("[run]\nnam = 1\n", "got 'nam': did you mean name"),
        ('[run]\nsize = "big"\n', "size in"),
        ("[other]\n", "Expected a table [run]"),
        ("[run\n", "Cannot parse"),
    ],
)
def test_config_options_rejects_file(call, tmp_path, content, text):
    (tmp_path / "a.toml").write_text(content)
    result = call("run", "--config", tmp_path / "a.toml")
    assert result.exit_code == 2
    assert text in result.stderr


def test_config_options_help_shows_texts_and_defaults(call):
    text = " ".join(call("run", "--help").stdout.split())
    for part in (
        "A name. [default: one]",
        "A pair. [default: 1-2]",
        "A rate. [default: 0.5]",
        "Be fast.",
        "--no-mixed",
    ):
        assert part in text


def test_field_options_adds_only_some_fields(call):
    assert call("some", "--size", 3).stdout.strip() == repr((Settings(size=3), {}))
    assert call("some", "--rate", 1).exit_code == 2
