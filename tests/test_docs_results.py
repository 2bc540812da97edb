"""The page about the table of a run: its notebook block and its commands run."""

import pytest
from docs_pages import command_lines, read_page, run_command, run_python

import robustbench_endo as rb

PAGE = read_page("results")

pytestmark = [pytest.mark.docs, pytest.mark.slow]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A folder with a smaller version of the run of the page."""
    folder = tmp_path_factory.mktemp("user")
    models = {name: rb.load_model(name, weights="pretrained") for name in ("tiny-resnet/mmoe", "tiny-endoarss/tesla")}
    data = rb.load_dataset("synthetic", split="test", frames=2)
    rb.evaluate(models, data, "contrast", (2,), folder / "runs" / "demo")
    return folder


def test_results_page_examples_run(run_folder, monkeypatch):
    pytest.importorskip("tensorboard", reason="the extra `train` is not installed")
    monkeypatch.chdir(run_folder)
    run_python(PAGE, "results.md")
    assert (run_folder / "contrast.pdf").is_file()


def test_results_page_commands_run(run_folder, monkeypatch):
    pytest.importorskip("tensorboard", reason="the extra `train` is not installed")
    monkeypatch.chdir(run_folder)
    commands = command_lines(PAGE)
    assert len(commands) == 6
    for words in commands:
        run_command(words)
    assert (run_folder / "site" / "index.html").is_file()
