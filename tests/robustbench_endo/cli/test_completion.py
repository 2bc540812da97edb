"""Completions of a shell."""

import os
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

from robustbench_endo.cli import completion, main
from robustbench_endo.corruptions import load_suite
from robustbench_endo.data.registry import DESCRIPTIONS
from robustbench_endo.models import list_models


def complete(*words):
    *arguments, incomplete = words
    items = ShellComplete(main, {}, "robust-endo", "_ROBUST_ENDO_COMPLETE").get_completions(arguments, incomplete)
    return [(item.value, item.type) for item in items]


def test_constants_are_the_names_of_the_registries():
    assert tuple(list_models()) == completion.MODELS
    assert tuple(DESCRIPTIONS) == completion.DATASETS
    described = [entry for suite in ("endo19", "endo-surgical") for entry in load_suite(suite).describe()]
    assert sorted(completion.CORRUPTIONS) == sorted(entry["name"] for entry in described)
    assert set(completion.CATEGORIES) == {entry["category"] for entry in load_suite("endo19").describe()}


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (("evaluate", "--corruption", "smo"), ["smoke"]),
        (("evaluate", "-c", "smoke,glas"), ["smoke,glass_blur"]),
        (("evaluate", "--suite", "endo1"), ["endo19"]),
        (("evaluate", "--model", "tiny-resnet/mm"), ["tiny-resnet/mmoe"]),
        (("evaluate", "--device", "cp"), ["cpu"]),
        (("evaluate", "--precision", "b"), ["bf16"]),
        (("evaluate", "--format", "html,p"), ["html,pdf"]),
        (("evaluate", "--data", "endovis1"), ["endovis15", "endovis17", "endovis18"]),
        (("evaluate", "--resol"), ["--resolution"]),
        (("eval",), ["evaluate"]),
        (("export", "dinov2/h"), ["dinov2/hps"]),
    ],
)
def test_complete_value_gives_names(words, values):
    assert [value for value, _ in complete(*words)] == values


def test_complete_value_gives_run_folders(tmp_path):
    for name in ("runs/study", "runs/other", "runs/none"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("study", "other"):
        (tmp_path / "runs" / name / "run.json").touch()
    for command in ("report", "verify", "compare"):
        assert complete(command, f"{tmp_path}/runs/s") == [(f"{tmp_path}/runs/study", "plain")]
        assert len(complete(command, f"{tmp_path}/runs/")) == 2
        assert complete(command, f"{tmp_path}/ru") == [(f"{tmp_path}/ru", "dir")]
    assert complete("report", f"{tmp_path}/nowhere/x") == [(f"{tmp_path}/nowhere/x", "dir")]


def test_complete_value_falls_back_to_files():
    assert complete("evaluate", "--model", "./my_mod") == [("./my_mod", "file")]
    assert complete("evaluate", "--config", "a") == [("a", "file")]


def test_completion_of_a_shell_imports_nothing_heavy():
    variables = {
        "_ROBUST_ENDO_COMPLETE": "bash_complete",
        "COMP_WORDS": "robust-endo evaluate -c smo",
        "COMP_CWORD": "3",
    }
    script = (
        "import sys\nfrom robustbench_endo.cli import main\n"
        "try:\n    main(prog_name='robust-endo')\nfinally:\n"
        "    print(*[m for m in ('torch', 'pandas', 'numpy', 'rich') if m in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    assert done.stdout == "plain,smoke\n"
    assert done.stderr == "\n"
