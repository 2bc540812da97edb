"""Writers of fake data."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def fakes() -> ModuleType:
    """The module ``fake_layouts``."""
    path = Path(__file__).parents[1] / "fake_layouts.py"
    spec = importlib.util.spec_from_file_location("fake_layouts", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
