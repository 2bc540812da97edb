"""Names as keys of trackers."""

import re

import pytest

from robustbench_endo.tracking.key_text import file_parts, metric_key

NAMES = ["tiny-resnet/mmoe", "../../etc/passwd", "a\\b", "net@v2,x=1", "", "/", "Größe", "<b>", "x" * 400]


@pytest.mark.parametrize("name", NAMES)
def test_metric_key_is_one_that_mlflow_accepts(name):
    key = metric_key(name)
    assert re.fullmatch(r"[/\w.\- :]{1,250}", key)
    assert not set(key.split("/")) & {"", ".", ".."}


@pytest.mark.parametrize("name", NAMES)
def test_file_parts_are_below_a_folder(name, tmp_path):
    path = tmp_path.joinpath(*file_parts(name))
    assert path.resolve().is_relative_to(tmp_path.resolve())
    assert path != tmp_path
