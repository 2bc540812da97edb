"""The page on severities: its target is one that the corruptions of the example reach."""

import re
import shlex

import pytest
from click.testing import CliRunner
from docs_pages import read_page

from robustbench_endo.cli import main

pytestmark = pytest.mark.docs


def test_severity_page_target_is_reached_by_its_corruptions(tmp_path):
    line = re.search(r"\$ robust-endo (.*--target-distortion.*)", read_page("severity"))[1]
    words = [{"8": "2", "runs/equal": str(tmp_path / "run")}.get(word, word) for word in shlex.split(line)]
    result = CliRunner().invoke(main, [*words, "--format", "none", "--model", "tiny-resnet/mmoe"])
    assert result.exit_code == 0, result.output
    assert "Severities with a distortion of 0.3" in result.output
