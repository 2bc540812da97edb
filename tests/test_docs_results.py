"""The page about the table of a run: its notebook block and its commands run."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from robustbench_endo import api
from robustbench_endo.cli import main
from robustbench_endo.data.registry import load_dataset
from robustbench_endo.models import load_model

PAGE = (Path(__file__).parents[1] / "docs" / "results.md").read_text("utf-8")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the run that the page speaks of, only smaller."""
    folder = tmp_path_factory.mktemp("user")
    models = {name: load_model(name, weights="pretrained") for name in ("tiny-resnet/mmoe", "tiny-endoarss/tesla")}
    data = load_dataset("synthetic", split="test", frames=2)
    api.evaluate(models, data, "contrast", (2,), folder / "runs" / "demo")
    return folder


def test_python_examples(workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.S):
        exec(compile(block, "results.md", "exec"), names)
    assert (workplace / "contrast.pdf").is_file()


def test_commands(workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    lines = [line for block in re.findall(r"```bash\n(.*?)```", PAGE, re.S) for line in block.splitlines()]
    assert len(lines) == 4
    for line in lines:
        result = CliRunner().invoke(main, shlex.split(line)[1:], catch_exceptions=False)
        assert result.exit_code == 0, result.output
    assert (workplace / "site" / "index.html").is_file()
