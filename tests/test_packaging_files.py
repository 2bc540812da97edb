"""The conda recipe and the Dockerfile agree with setup.cfg and with the files of the repository."""

import configparser
import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

import robustbench_endo

ROOT = Path(__file__).parents[1]
PACKAGING = ROOT / "tools" / "packaging"
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
"""Name on the index -> name on conda-forge, where they differ."""


@pytest.fixture(scope="module")
def setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(inline_comment_prefixes="#")
    parser.read(ROOT / "setup.cfg", "utf-8")
    return parser


@pytest.fixture(scope="module")
def recipe() -> dict:
    return yaml.safe_load((PACKAGING / "conda" / "recipe.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    """Instruction and arguments of each line of the Dockerfile."""
    text = re.sub(r"^\s*#.*\n", "", (PACKAGING / "Dockerfile").read_text("utf-8"), flags=re.M)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines if line.strip()]


def entries(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_recipe_requires_what_setup_cfg_requires(recipe, setup):
    expected = {"python ${{ python_min }}".replace("python ", "python >=")}
    for line in entries(setup["options"]["install_requires"]):
        # A marker of a Python version has no meaning in a package for all of them.
        name, bound = re.fullmatch(r"([\w-]+)(>=[\w.]+)(?:; python_version .*)?", line).groups()
        expected.add(f"{CONDA_NAMES.get(name, name)} {bound}")
    assert set(recipe["requirements"]["run"]) == expected


def test_recipe_has_version_python_and_scripts_of_setup_cfg(recipe, setup):
    assert recipe["context"]["version"] == robustbench_endo.__version__
    assert f">={recipe['context']['python_min']}" == setup["options"]["python_requires"].strip()
    scripts = entries(setup["options.entry_points"]["console_scripts"])
    assert recipe["build"]["python"]["entry_points"] == scripts
    commands = recipe["tests"][1]["script"]
    assert {line.split()[0] for line in scripts} == {command.split()[0] for command in commands}


def test_recipe_is_about_this_package(recipe, setup):
    about, metadata = recipe["about"], setup["metadata"]
    urls = dict(line.split(" = ") for line in entries(metadata["project_urls"]))
    assert [about["homepage"], about["documentation"], about["repository"]] == [
        urls[name] for name in ("Homepage", "Documentation", "Source")
    ]
    assert (about["license"], about["summary"]) == (metadata["license"], metadata["description"])
    assert (PACKAGING / "conda" / recipe["source"]["path"]).resolve() == ROOT
    host = [
        int(part) for part in re.search(r"setuptools >=([\d.]+)", str(recipe["requirements"]["host"]))[1].split(".")
    ]
    assert host >= [int(re.search(r'"setuptools>=(\d+)', (ROOT / "pyproject.toml").read_text("utf-8"))[1])]


def test_dockerfile_copies_what_a_build_reads(instructions):
    ignored = entries((PACKAGING / "Dockerfile.dockerignore").read_text("utf-8"))
    copied = [name for kind, text in instructions if kind == "COPY" for name in text.split()[:-1]]
    assert ignored[0] == "*"
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == set(copied)
    for name in copied:
        assert (ROOT / name).exists(), name
    included = re.findall(r"^include (.*)$", (ROOT / "MANIFEST.in").read_text("utf-8"), re.M)
    assert {name for line in included for name in line.split()} <= set(copied)


def test_dockerfile_installs_versions_and_extras_that_exist(instructions, setup):
    defaults = dict(text.split("=", 1) for kind, text in instructions if kind == "ARG")
    assert f"Programming Language :: Python :: {defaults['PYTHON']}" in setup["metadata"]["classifiers"]
    assert set(defaults["EXTRAS"].split(",")) <= set(setup["options.extras_require"])
    (torch,) = [line for line in entries(setup["options"]["install_requires"]) if line.startswith("torch>=")]
    first, second = [text for kind, text in instructions if kind == "RUN" and "pip install" in text]
    assert f'--index-url "${{TORCH_INDEX}}" "{torch}" torchvision' in first
    assert second.endswith('"$(echo /dist/*.whl)[${EXTRAS}]"')


def test_dockerfile_runs_the_command_line_as_a_user(instructions):
    last = dict(instructions)
    assert last["USER"] == "1000:1000"
    assert json.loads(last["ENTRYPOINT"]) == ["robust-endo"]
    kinds = [kind for kind, _ in instructions]
    assert kinds.index("USER") > max(index for index, kind in enumerate(kinds) if kind == "RUN")


def test_dockerfile_caches_kernels_in_a_folder_of_the_user(instructions):
    last = dict(instructions)
    variables = dict(item.split("=", 1) for item in shlex.split(last["ENV"]))
    assert set(variables) == {"ROBUST_ENDO_CACHE", "HF_HOME", "MPLCONFIGDIR"}
    assert all(value.startswith("/cache/") for value in variables.values())
    assert "chown endo:endo /cache" in last["RUN"]
    assert '"ROBUST_ENDO_CACHE"' in (ROOT / "corruptions" / "kernels" / "cache_folder.py").read_text("utf-8")


def test_documentation_names_files_and_arguments_of_the_image(instructions):
    page = (ROOT / "docs" / "installation.md").read_text("utf-8")
    commands = [shlex.split(line) for line in re.findall(r"^\$ (docker build .*)$", page, re.M)]
    assert len(commands) == 2
    arguments = {text.split("=")[0] for kind, text in instructions if kind == "ARG"}
    for words in commands:
        assert (ROOT / words[words.index("-f") + 1]).is_file()
        assert {words[i + 1].split("=")[0] for i, word in enumerate(words) if word == "--build-arg"} <= arguments
    recipe = re.search(r"rattler-build build --recipe (\S+)", page)[1]
    assert (ROOT / recipe / "recipe.yaml").is_file()
