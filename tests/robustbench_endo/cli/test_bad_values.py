"""Bad values of every option and argument of every command: exit code 2 and one sentence, whatever the value."""

import functools
from importlib import import_module

import click
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from robustbench_endo.cli import main
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results import Results

VALUES = (
    *("", "x", "-1", "1e20", "nan", "inf", "9" * 30, "a\0b", "\xe9\udcff", "n" * 5000, "/dev/null", "no/such/file"),
    *("1,,2", "=", "a=b", "@", ":", "../no", "[1, 2]", "#ff", "*", "(", "%s%n"),
)
REACHED = "Expected nothing, got a valid value: the command begins."

COMMANDS = {
    "evaluate": ("--model", "model.py:build", "--data", "synthetic@frames=1", "--out", "out", "--format", "none"),
    "merge": ("run", "--out", "out", "--format", "none"),
    "train": ("--data", "synthetic@frames=1", "--out", "out", "--epochs", "1"),
    "report": ("run", "--out", "out", "--format", "none"),
    "compare": ("run", "run"),
    "verify": ("run",),
    "calibrate-confidence": ("--model", "m", "--out", "calibration.json"),
    "sample-size": ("run", "--half-width", "0.1"),
    "leaderboard": ("run", "--out", "out"),
    "submit": ("run", "--out", "out"),
    "reproduce": ("table2", "--synthetic", "--quick", "--out", "out"),
    "synthesize": ("--background", "frames", "--instruments", "frames", "--out", "out"),
    "corrupt": ("frames", "out", "--corruption", "contrast"),
    "preview": ("frames/image/OP1_0.png", "--out", "out.png", "--corruption", "contrast"),
    "export": ("model.py:build", "--out", "out.pt2", "--size", "32x32"),
    "models": ("--model", "model.py:build"),
    "corruptions": (),
    "datasets check": ("frames",),
}
STUBS = (
    "robustbench_endo.evaluation.run.run_plan",
    "robustbench_endo.evaluation.run.run_shard",
    "robustbench_endo.training.trainer.Trainer.fit",
    "robustbench_endo.reproduction.runner.ExperimentRunner.run",
    "robustbench_endo.evaluation.replay.replay",
    "robustbench_endo.synthesis.synthesize",
    "robustbench_endo.data.corrupted_copies.write_copies",
    "robustbench_endo.data.corrupted_copies.corrupted_images",
    "robustbench_endo.models.export.export",
    "robustbench_endo.models.summary.describe_model",
)
REMEMBERED = (
    "robustbench_endo.results.load_results",
    "robustbench_endo.results.compare",
    "robustbench_endo.results.verify",
    "robustbench_endo.evaluation.run_checks.check_folder",
    "robustbench_endo.reports.check_tables",
    "robustbench_endo.reports.write.compare_page",
    "robustbench_endo.submission.write.load_results",
)
"""What a command computes from the run, whatever the other values: computed once per run and arguments."""


def command_of(name):
    command = main
    for word in name.split():
        command = command.commands[word]
    return command


def parameters():
    for name in COMMANDS:
        for parameter in command_of(name).params:
            if not getattr(parameter, "is_flag", False):
                yield pytest.param(name, parameter, id=f"{name} {parameter.name}")


def arguments(name, parameter, value):
    words = [*COMMANDS[name]]
    if isinstance(parameter, click.Option):
        return [*name.split(), *words, f"{parameter.opts[0]}={value}"]
    position = [p for p in command_of(name).params if isinstance(p, click.Argument)].index(parameter)
    values, options = [*words], []
    while any(word.startswith("--") for word in values):
        first = next(index for index, word in enumerate(values) if word.startswith("--"))
        options += values[first : first + 2]
        del values[first : first + 2]
    values[position] = value
    return [*name.split(), *options, "--", *values]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, frames with masks and a finished run."""
    root = tmp_path_factory.mktemp("bad_values")
    (root / "model.py").write_text(
        "import torch\n\n\nclass Zero(torch.nn.Module):\n    def forward(self, images):\n"
        "        return {'segmentation': torch.zeros(len(images), 7, *images.shape[2:])}\n\n\n"
        "def build(num_classes=7):\n    return Zero()\n"
    )
    random = np.random.default_rng(0)
    for number in range(3):
        mask = np.zeros((48, 64), np.uint8)
        mask[8:30, :40] = 1
        for kind, pixels in (("image", random.integers(60, 140, (48, 64, 3)).astype(np.uint8)), ("mask", mask)):
            (root / "frames" / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(root / "frames" / kind / f"OP{number}_{number}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        run = ("--corruption", "contrast", "--severity", "1", "--limit", "1", "--out", "run", "--device", "cpu")
        result = CliRunner().invoke(main, ["evaluate", *COMMANDS["evaluate"], *run])
    assert result.exit_code == 0, result.output
    return root


def remember(function):
    """The function, which returns the same value for the same arguments; an error is raised anew each time."""
    returned = {}

    def key_of(value):
        if isinstance(value, (list, tuple)):
            return tuple(map(key_of, value))
        return id(value) if isinstance(value, Results) else repr(value)

    @functools.wraps(function)
    def call(*arguments, **options):
        key = key_of([*arguments, *sorted(options.items())])
        if key not in returned:
            returned[key] = function(*arguments, **options), arguments  # which preserves their ids
        value = returned[key][0]
        return [*value] if isinstance(value, list) else value  # a command may extend a list

    return call


@pytest.fixture(scope="module")
def remembered():
    """Name -> function that computes once."""
    functions = {}
    for name in REMEMBERED:
        module, _, attribute = name.rpartition(".")
        functions[name] = remember(getattr(import_module(module), attribute))
    return functions


@pytest.fixture
def reach(folder, remembered, monkeypatch):
    """Run a command in that folder until its computation would begin."""

    def stop(*arguments, **options):
        raise RobustEndoError(REACHED)

    monkeypatch.chdir(folder)
    for name in STUBS:
        monkeypatch.setattr(name, stop)
    for name, function in remembered.items():
        monkeypatch.setattr(name, function)
    return lambda words: CliRunner().invoke(main, words)


def number_types(parameter):
    kind = type(parameter.type)
    return kind in (type(click.INT), click.IntRange), kind in (type(click.FLOAT), click.FloatRange)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "parameter"), [*parameters()])
def test_every_bad_value_is_an_error_in_one_sentence(reach, name, parameter):
    for value in VALUES:
        result = reach(arguments(name, parameter, value))
        context = f"{parameter.name} {value!r}: {result.output}"
        assert result.exit_code in (0, 2, 3), context
        assert result.exception is None or isinstance(result.exception, SystemExit), context
        assert "Traceback" not in result.output, context
        assert "Unexpected error" not in result.output, context


@pytest.mark.parametrize(("name", "parameter"), [each for each in parameters() if any(number_types(each.values[1]))])
def test_every_number_refuses_text(reach, name, parameter):
    integer, _ = number_types(parameter)
    for value in ("", "x", "1,2", "0x10", *(("1e20", "nan", "inf", "0.5") if integer else ())):
        result = reach(arguments(name, parameter, value))
        assert result.exit_code == 2, f"{value!r}: {result.output}"
        assert f"got {value!r}: correct the number." in result.stderr
