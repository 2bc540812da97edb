"""The page on severities: its target is one that the corruptions of the example reach."""

import re
import shlex

import pytest
from click.testing import CliRunner
from docs_pages import code, read_page

from robustbench_endo.cli import main
from robustbench_endo.corruptions import load_suite
from robustbench_endo.corruptions.surgical.mtf import disk_mtf50, gaussian_mtf50

pytestmark = pytest.mark.docs


def test_severity_page_target_is_reached_by_its_corruptions(tmp_path):
    line = re.search(r"\$ robust-endo (.*--target-distortion.*)", read_page("severity"))[1]
    words = [{"8": "2", "runs/equal": str(tmp_path / "run")}.get(word, word) for word in shlex.split(line)]
    result = CliRunner().invoke(main, [*words, "--format", "none", "--model", "tiny-resnet/mmoe"])
    assert result.exit_code == 0, result.output
    assert "Severities with a distortion of 0.3" in result.output


@pytest.mark.parametrize(
    ("suite", "name", "mtf50"),
    [
        ("endo19", "gaussian_blur", lambda params: gaussian_mtf50(params.sigma)),
        ("endo19", "defocus_blur", lambda params: disk_mtf50(params.radius)),
        ("endo-surgical", "depth_defocus", lambda params: params.mtf50),
        ("endo-surgical", "edge_enhancement", lambda params: params.mtf50(before=0.2)),
    ],
)
def test_severity_page_mtf50_is_that_of_the_parameters(suite, name, mtf50):
    loaded = load_suite(suite)
    cells = re.search(rf"^\| `{name}`.*? \| (.*) \|$", read_page("severity"), re.M)[1].split(" | ")
    expected = [mtf50(params) * loaded.reference_size for params in loaded.get(name).severities]
    assert [float(cell) for cell in cells] == pytest.approx(expected, rel=0.03)


def test_severity_page_suite_sets_bit_rates_and_lines(tmp_path):
    (text,) = (block for block in code(read_page("severity"), "toml") if "bitrate" in block)
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    suite = load_suite(tmp_path / "mine.toml")
    assert [params.bitrate for params in suite.get("video_compression").severities] == [5500, 2800, 1800, 900, 450]
    assert {params.deinterlacing for params in suite.get("interlacing").severities} == {"bob"}
