"""What a user installs: everything needed to evaluate, nothing of the tests."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder, source = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("source")
    # From a copy: the build writes into its source, and test workers build side by side.
    for name in ("robustbench_endo", "corruptions", "reports"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        return wheel.namelist()


def test_wheel_contains_every_module(wheel_names):
    for folder in ("robustbench_endo", "corruptions", "reports"):
        prefix = "" if folder == "robustbench_endo" else "robustbench_endo/"
        for path in (ROOT / folder).rglob("*.py"):
            assert prefix + path.relative_to(ROOT).as_posix() in wheel_names


def test_wheel_contains_package_data(wheel_names):
    names = "\n".join(wheel_names)
    assert names.count("model.safetensors") == 3
    assert names.count("model.json") == 3
    for package in ("html", "leaderboard", "pdf", "reproduction"):
        assert f"robustbench_endo/reports/{package}/templates/" in names
    assert "robustbench_endo/corruptions/suites/endoarss.toml" in names
    assert "robustbench_endo/py.typed" in names


def test_wheel_contains_nothing_else(wheel_names):
    tops = {name.split("/")[0] for name in wheel_names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"robustbench_endo"}
    assert not [name for name in wheel_names if "test" in name.lower() or name.endswith((".nbi", ".nbc"))]


def test_wheel_contains_every_stub(wheel_names):
    for folder, prefix in (
        ("robustbench_endo", ""),
        ("corruptions", "robustbench_endo/"),
        ("reports", "robustbench_endo/"),
    ):
        for path in (ROOT / folder).rglob("*.pyi"):
            assert prefix + path.relative_to(ROOT).as_posix() in wheel_names
