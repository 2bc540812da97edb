"""The examples of docs/metrics.md run."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text("utf-8")


@pytest.mark.parametrize("example", re.findall(r"```python\n(.*?)```", PAGE, re.S))
def test_examples_run(example, capsys):
    exec(compile(example, "metrics.md", "exec"), {})
    assert "tensor" in capsys.readouterr().out
