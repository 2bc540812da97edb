"""Files around the code: every YAML, TOML and CITATION file parses, and what they name exists."""

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import robustbench_endo

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
UNTRACKED = {"build", "dist", "runs"}
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
MARKERS = "not slow and not browser and not ray"


def files(*suffixes: str) -> list[Path]:
    folders = [path for path in ROOT.iterdir() if path.is_dir() and path.name not in UNTRACKED]
    tracked = [path for path in folders if path.name == ".github" or not path.name.startswith(".")]
    paths = [*ROOT.iterdir(), *(path for folder in tracked for path in folder.rglob("*"))]
    return sorted(path for path in paths if path.suffix in suffixes and path.is_file())


def load_yaml(path: Path) -> dict:
    return yaml.safe_load(path.read_text("utf-8"))


def setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", "utf-8")
    return parser


def make_targets() -> set[str]:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M)
    return set(phony[1].split())


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_yaml_and_citation_files_parse():
    paths = files(".yml", ".yaml", ".cff")
    names = {path.relative_to(ROOT).as_posix() for path in paths}
    assert {"CITATION.cff", ".readthedocs.yaml", ".pre-commit-config.yaml", ".github/dependabot.yml"} <= names
    assert len(WORKFLOWS) == 3
    for path in paths:
        assert isinstance(load_yaml(path), dict), path


def test_toml_files_parse():
    paths = files(".toml")
    assert ROOT / "pyproject.toml" in paths
    for path in paths:
        assert tomllib.loads(path.read_text("utf-8")), path


def test_citation_has_the_version_and_title_of_the_package():
    citation = load_yaml(ROOT / "CITATION.cff")
    assert citation["version"] == robustbench_endo.__version__
    assert setup()["metadata"]["version"] == "attr: robustbench_endo.__version__"
    assert citation["title"].startswith("robustbench_endo: ")
    assert setup()["metadata"]["description"].lower() in citation["title"].lower()
    assert citation["license"] == setup()["metadata"]["license"]
    assert all("family-names" in author for author in citation["references"][0]["authors"])


def test_changelog_begins_with_the_version_of_the_package():
    sections = re.findall(r"^## \[?(\d+\.\d+\.\d+)\]?", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert sections[0] == robustbench_endo.__version__


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_commands_are_make_targets(path):
    commands = [step["run"] for step in steps(load_yaml(path)) if "run" in step]
    targets = [target for command in commands for target in re.findall(r"\bmake ([a-z-]+)", command)]
    assert targets
    assert set(targets) <= make_targets()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_actions_are_pinned_and_permissions_are_minimal(path):
    workflow = load_yaml(path)
    actions = [step["uses"] for step in steps(workflow) if "uses" in step]
    local = {f"./{folder.relative_to(ROOT)}" for folder in (ROOT / ".github" / "actions").iterdir()}
    others = [action for action in actions if action not in local]
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|release/v\d+)", action) for action in others), others
    assert workflow["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())


def test_workflow_of_the_tests_covers_the_declared_python_versions():
    matrix = load_yaml(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]["check"]["strategy"]["matrix"]
    declared = re.findall(r"Python :: (3\.\d+)", setup()["metadata"]["classifiers"])
    assert matrix["python"] == declared
    assert setup()["options"]["python_requires"].strip() == f">={declared[0]}"


def test_only_the_job_that_publishes_gets_an_identity():
    jobs = load_yaml(ROOT / ".github" / "workflows" / "wheels.yml")["jobs"]
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert "permissions" not in jobs["build"]
    assert jobs["publish"]["if"] == "startsWith(github.ref, 'refs/tags/v')"


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_issue_forms_have_what_github_asks_for(path):
    form = load_yaml(path)
    assert form["name"]
    assert form["description"]
    assert all(item["type"] in ("markdown", "input", "textarea", "dropdown", "checkboxes") for item in form["body"])
    identifiers = [item["id"] for item in form["body"] if item["type"] != "markdown"]
    assert len(set(identifiers)) == len(identifiers)
    assert all(item["attributes"].get("label") for item in form["body"] if item["type"] != "markdown")


def test_pre_commit_runs_the_scripts_of_this_repository():
    repositories = load_yaml(ROOT / ".pre-commit-config.yaml")["repos"]
    hooks = [hook for repository in repositories if repository["repo"] == "local" for hook in repository["hooks"]]
    assert [hook["entry"] for hook in hooks] == ["python3 tools/banned_names.py"]
    assert (ROOT / "tools" / "banned_names.py").is_file()


def test_read_the_docs_builds_what_make_docs_builds():
    settings = load_yaml(ROOT / ".readthedocs.yaml")
    extras = set(settings["python"]["install"][0]["extra_requirements"])
    assert extras == set(re.search(r"^EXTRAS_docs := (.*)$", MAKEFILE, re.M)[1].split(","))
    assert (ROOT / settings["sphinx"]["configuration"]).is_file()
    (command,) = settings["build"]["jobs"]["build"]["html"]
    assert re.findall(r"python (\S+)", command) == re.findall(r"python (docs/build_site\.py)$", MAKEFILE, re.M)


def test_makefile_extras_exist():
    known = set(setup()["options.extras_require"])
    for name, extras in re.findall(r"^EXTRAS_(\w+) := (.*)$", MAKEFILE, re.M):
        assert set(extras.split(",")) <= known, name


def test_makefile_installs_for_the_demo_what_the_demo_needs():
    assert re.search(r"^EXTRAS_core := report$", MAKEFILE, re.M)
    assert re.search(r"^demo: \.venv/core ", MAKEFILE, re.M)


def test_makefile_describes_every_target():
    command = ["make", "--no-print-directory", "help"]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {line.split()[1] for line in lines} == make_targets()
    assert all(len(line.split()) > 3 for line in lines)


def test_makefile_check_leaves_out_registered_markers_only():
    registered = {line.split(":")[0] for line in setup()["tool:pytest"]["markers"].split("\n") if line.strip()}
    assert f'-m "{MARKERS}"' in MAKEFILE
    assert set(MARKERS.replace("not ", "").split(" and ")) <= registered
    assert "--strict-markers" in setup()["tool:pytest"]["addopts"]


def test_placeholder_addresses_are_marked():
    urls = dict(line.split(" = ") for line in setup()["metadata"]["project_urls"].strip().split("\n"))
    placeholders = {name for name, url in urls.items() if url.startswith("https://example.org/")}
    assert placeholders in (set(), set(urls)), "replace all placeholders together"
    assert ("# Placeholders" in (ROOT / "setup.cfg").read_text("utf-8")) == bool(placeholders)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "CHANGELOG.md"])
def test_links_lead_to_files(name):
    for target in re.findall(r"\]\((?!http)([^)#]+)[^)]*\)", (ROOT / name).read_text("utf-8")):
        assert (ROOT / target).exists(), target
