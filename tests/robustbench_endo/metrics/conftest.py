"""Label maps and scores of other packages, recorded and live."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def peer_maps() -> dict[str, Any]:
    """The definitions of peer_maps.py: COUNT, CLASSES, pair."""
    return runpy.run_path(str(Path(__file__).with_name("peer_maps.py")))


@pytest.fixture(scope="session")
def peer_scores() -> Callable[..., Any]:
    """The scores of a package on a pair of label maps."""
    return runpy.run_path(str(Path(__file__).with_name("peers.py")))["scores"]
