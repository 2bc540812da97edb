"""The scripts of ``tools/`` as modules; they are not part of the package."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).parents[2] / "tools"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up, structure_run imports structure
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def structure() -> ModuleType:
    """``tools/structure.py``, which imports ``tools/source_files.py``."""
    load("source_files")
    return load("structure")


@pytest.fixture(scope="session")
def structure_run(structure: ModuleType) -> ModuleType:
    """``tools/structure_run.py``."""
    return load("structure_run")


@pytest.fixture(scope="session")
def banned_names() -> ModuleType:
    """``tools/banned_names.py``."""
    return load("banned_names")


@pytest.fixture(scope="session")
def mutation() -> ModuleType:
    """``tools/mutation.py``."""
    return load("mutation")


@pytest.fixture(scope="session")
def audit() -> ModuleType:
    """``tools/audit.py``."""
    return load("audit")


@pytest.fixture(scope="session")
def build_backend() -> ModuleType:
    """``tools/packaging/build_backend.py``."""
    return load("packaging/build_backend")


@pytest.fixture(scope="session")
def install_size() -> ModuleType:
    """``tools/install_size.py``."""
    return load("install_size")
