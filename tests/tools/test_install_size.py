"""Sizes of installations: their measurement, and the tables and promises that are written from it."""

import json
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- size table: python tools/install_size.py -->\n", "<!-- end of size table -->"


@pytest.fixture(scope="module")
def installs() -> list[dict]:
    return json.loads((ROOT / "benchmarks" / "results" / "install_size.json").read_text("utf-8"))["installs"]


def select(installs: list[dict], extras: str, cuda: bool) -> dict:
    (item,) = [item for item in installs if (item["extras"], item["cuda"]) == (extras, cuda)]
    return item


def test_folder_bytes_counts_files_once(install_size, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.bin").write_bytes(b"12345")
    (tmp_path / "c.bin").write_bytes(b"678")
    (tmp_path / "link").symlink_to(tmp_path / "a" / "b.bin")
    assert install_size.folder_bytes(tmp_path) == 8


def test_package_bytes_are_those_of_the_files_of_a_distribution(install_size):
    click = distribution("click")
    site = Path(str(click.locate_file("")))
    sizes = install_size.package_bytes(site)
    expected = sum(path.stat().st_size for file in click.files if (path := Path(str(file.locate()))).is_file())
    assert sizes["click"] == expected
    assert list(sizes.values()) == sorted(sizes.values(), reverse=True)


def test_install_without_cuda_is_within_the_limit(install_size, installs):
    core = select(installs, "", cuda=False)
    assert core["megabytes"] <= install_size.LIMIT_MB
    assert not any(name.startswith(("nvidia", "triton")) for name in core["largest"])
    assert select(installs, "", cuda=True)["megabytes"] > 3 * core["megabytes"]


def test_installs_grow_with_their_extras(installs):
    for cuda in {item["cuda"] for item in installs}:
        sizes = [select(installs, extras, cuda)["megabytes"] for extras in ("", "report", "all")]
        assert sizes == sorted(sizes)


def test_installation_page_has_the_measured_table(install_size, installs):
    page = (ROOT / "docs" / "installation.md").read_text("utf-8")
    assert page.partition(BEGIN)[2].partition(END)[0].strip() == install_size.table(installs)


def test_readme_states_the_measured_sizes(installs):
    text = " ".join((ROOT / "README.md").read_text("utf-8").split())
    core, cuda = select(installs, "", False)["megabytes"] / 1000, select(installs, "", True)["megabytes"] / 1000
    assert f"The core takes {core:.1f} GB with a CPU-only torch and {cuda:.1f} GB with the default torch" in text
    bytecode = select(installs, "", False)["megabytes_with_bytecode"] / 1000 - core
    assert f"the bytecode that `pip` compiles adds {bytecode:.1f} GB" in text
