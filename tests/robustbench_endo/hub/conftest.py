"""A hub on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_hub import FakeHub, running_hub


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with running_hub(tmp_path / "cache", monkeypatch) as hub:
        yield hub
