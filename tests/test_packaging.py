"""What a user installs: everything needed to evaluate, nothing of the tests, and a description an index can show."""

import configparser
import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("robustbench_endo", "corruptions", "reports")
FILES = ("setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff")
BACKEND = Path("tools", "packaging", "build_backend.py")
NOT_FOR_USERS = {"peers", "test", "docs", "dev"}
"""Extras that `all` leaves out."""


def setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", "utf-8")
    return parser


def build(source: Path, *hooks: str) -> Path:
    """The folder with the distributions of ``source``, built without a network by the backend that it contains."""
    code = "import sys, build_backend as b; [getattr(b, hook)('dist') for hook in sys.argv[1:]]"
    (source / "dist").mkdir()
    command, environment = [sys.executable, "-c", code, *hooks], os.environ | {"PYTHONPATH": str(BACKEND.parent)}
    subprocess.run(command, cwd=source, env=environment, check=True, capture_output=True)
    return source / "dist"


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")
    # From a copy: the build writes into its source, and test workers build side by side.
    for name in (*FOLDERS, "tests", BACKEND.parent):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, source)
    return build(source, "build_sdist", "build_wheel")


@pytest.fixture(scope="module")
def sdist(distributions: Path) -> Path:
    return next(distributions.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(next(distributions.glob("*.whl")))


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> email.message.Message:
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(wheel.read(name))


@pytest.mark.parametrize("suffix", [".py", ".pyi"])
def test_wheel_contains_every_module(wheel, suffix):
    names = set(wheel.namelist())
    for folder in FOLDERS:
        prefix = "" if folder == "robustbench_endo" else "robustbench_endo/"
        for path in (ROOT / folder).rglob(f"*{suffix}"):
            assert prefix + path.relative_to(ROOT).as_posix() in names


def test_wheel_contains_package_data(wheel):
    names = "\n".join(wheel.namelist())
    assert names.count("model.safetensors") == 3
    assert names.count("model.json") == 3
    for package in ("html", "leaderboard", "pdf", "reproduction"):
        assert f"robustbench_endo/reports/{package}/templates/" in names
    assert "robustbench_endo/corruptions/suites/endoarss.toml" in names
    assert "robustbench_endo/py.typed" in names


def test_wheel_contains_nothing_else(wheel):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"robustbench_endo"}
    tests = {"tests", "conftest.py"}
    assert not [n for n in wheel.namelist() if tests.intersection(n.split("/")) or n.endswith((".nbi", ".nbc"))]


def test_wheel_has_a_script_of_the_name_of_the_package(wheel, metadata):
    name = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    points = configparser.ConfigParser()
    points.read_string(wheel.read(name).decode())
    scripts = dict(points["console_scripts"])
    assert set(scripts) == {"robust-endo", metadata["Name"]}
    assert len(set(scripts.values())) == 1


def test_description_has_only_addresses_as_links(metadata):
    text = metadata.get_payload()
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert len(targets) == len(re.findall(r"\]\(([^)\s]+)\)", (ROOT / "README.md").read_text("utf-8"))) > 20
    assert [target for target in targets if not target.startswith("https://")] == []
    assert not re.search(r"<(img|a)\b[^>]*(src|href)=\"(?!https:)", text)


def test_description_leads_to_files_of_the_repository(metadata):
    source = dict(line.split(", ") for line in metadata.get_all("Project-URL"))["Source"]
    targets = re.findall(rf"(!?)\[[^\]]*\]\({re.escape(source)}/(blob|raw)/main/([^)#]+)", metadata.get_payload())
    assert len(targets) > 20
    for image, kind, target in targets:
        assert (ROOT / target).exists(), target
        assert kind == ("raw" if image else "blob")


def test_distributions_pass_twine_check(wheel, sdist):
    check = pytest.importorskip("twine.commands.check")
    assert not check.check([str(wheel.filename), str(sdist)], strict=True)


def test_sdist_contains_what_a_build_reads(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {*FILES, BACKEND.as_posix()} <= names
    assert {name.partition("/")[0] for name in names} - {"", "PKG-INFO", "robustbench_endo.egg-info"} == {
        *(*FOLDERS, *FILES, "tools")
    }


def test_sdist_builds_the_same_wheel(wheel, sdist, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    folder = build(next(tmp_path.glob("robustbench_endo-*")), "build_wheel")
    again = zipfile.ZipFile(next(folder.glob("*.whl")))
    assert {item.filename: item.CRC for item in again.infolist()} == {
        item.filename: item.CRC for item in wheel.infolist()
    }


def test_extra_all_has_every_extra_for_users():
    extras = setup()["options.extras_require"]
    (requirement,) = [line for line in extras["all"].split("\n") if line.strip() and not line.strip().startswith("#")]
    names = re.fullmatch(r"robustbench-endo\[([\w,]+)\]", requirement)[1].split(",")
    assert set(names) == set(extras) - NOT_FOR_USERS - {"all"}
    assert set(extras) >= NOT_FOR_USERS
