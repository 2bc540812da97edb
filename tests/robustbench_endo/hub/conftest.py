"""A hub on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_hub import FakeHub, running_hub

import robustbench_endo as rb


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with running_hub(tmp_path / "cache", monkeypatch) as hub:
        yield hub


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of one model on a synthetic frame."""
    folder = tmp_path_factory.mktemp("run") / "demo"
    data = rb.load_dataset("synthetic", split="test", frames=1, size=(48, 64))
    model = rb.load_model("tiny-resnet/mmoe", weights="pretrained")
    results = rb.evaluate({"mmoe_<b>": model}, data, corruptions="brightness", severities=(3,), out=folder)
    (folder / "report.html").write_text("<p>report</p>")
    assert results.models == ["mmoe_<b>"]
    return folder
