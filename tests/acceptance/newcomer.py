"""First sessions of a new user, acted out in a clean environment from the built wheel.

``python tests/acceptance/newcomer.py`` builds the wheel, installs it without the checkout, runs every session of
``sessions.py`` in an empty folder with a user's own frames, model and data set, and prints the transcript. Each success
takes the number of lines that ``docs/first_sessions.md`` documents; each mistake prints one sentence that names the
argument. ``--write`` writes the transcript to that page; ``--python`` uses an environment that is already installed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from sessions import EXTRAS, SESSIONS, Session, write_assets

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "first_sessions.md"
FORKS = Path(__file__).parent / "python_sessions.py"
TRACEBACK = "Traceback (most recent call last)"
MAX_SENTENCE = 400
HIDDEN = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class SessionOutput:
    """What a session printed."""

    code: int
    stdout: str
    stderr: str


def build_wheel(out: Path) -> Path:
    """The wheel of a copy of the checkout, as the build writes into its source."""
    source = out / "source"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("robustbench_endo", "corruptions", "reports", "tools/packaging"):
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for path in ROOT.iterdir():
        if path.is_file() and path.suffix in (".cfg", ".toml", ".md", ".py", ".in", "") and path.name != "Makefile":
            shutil.copy(path, source)
    run_checked([uv(), "build", "--quiet", "--wheel", "--out-dir", str(out), str(source)])
    return next(out.glob("*.whl"))


def install(wheel: Path, folder: Path) -> Path:
    """A clean environment with the wheel and the extras of the sessions; its interpreter."""
    run_checked([uv(), "venv", "--quiet", "--python", sys.executable, str(folder)])
    python = folder / "bin" / "python"
    command = [uv(), "pip", "install", "--quiet", "--python", str(python), f"{wheel}[{EXTRAS}]"]
    # What this environment was installed from is cached: without a look at an index the same versions are taken.
    if subprocess.run([*command, "--offline"], capture_output=True, check=False).returncode:
        run_checked(command)
    link_bytecode(python)
    return python


def link_bytecode(python: Path) -> None:
    """Link the bytecode of the packages that this environment has, too: compiling torch takes ten seconds.

    Python uses it only where the source is the same file: bytecode names size and time of its source.
    """
    target, source = (_site_packages(each) for each in (python, Path(sys.executable)))
    for folder in target.iterdir():
        if folder.name.startswith("robustbench_endo"):
            continue
        for file in (source / folder.name).rglob("*.pyc"):
            link = target / file.relative_to(source)
            if link.parent.parent.is_dir():
                link.parent.mkdir(exist_ok=True)
                with suppress(OSError):  # it exists, or is on another disk
                    link.hardlink_to(file)


def _site_packages(python: Path) -> Path:
    return python.parent.parent / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def uv() -> str:
    """The program uv of this environment."""
    path = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if path is None:
        raise SystemExit("Cannot install the wheel: uv is missing. Install it with pip install uv.")
    return path


def run_checked(command: Sequence[str]) -> None:
    """Run a command, and stop with its output if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"Cannot run {' '.join(command)}:\n{done.stdout}{done.stderr}")


def run_sessions(python: Path, folder: Path) -> dict[str, SessionOutput]:
    """Run all sessions in one folder, in order; title -> outcome."""
    write_assets(folder)
    environment = {
        # With bytecode, as by default: reading torch's sources takes seconds in each process.
        **{key: value for key, value in os.environ.items() if key not in HIDDEN},
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
        "HF_HUB_OFFLINE": "1",
    }
    outcomes: dict[str, SessionOutput] = {}
    for session in SESSIONS:
        if session.language == "console":
            command = ["bash", "-e", "-c", session.code]
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
            outcomes[session.title] = SessionOutput(done.returncode, done.stdout, done.stderr)
    scripts = {session.title: session.code for session in SESSIONS if session.language == "python"}
    command = [str(python), str(FORKS)]
    done = subprocess.run(
        command, cwd=folder, env=environment, input=json.dumps(scripts), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"Cannot run the Python sessions:\n{done.stderr}")
    outcomes |= {title: SessionOutput(*outcome) for title, outcome in json.loads(done.stdout).items()}
    return {session.title: outcomes[session.title] for session in SESSIONS}


def problems(session: Session, outcome: SessionOutput) -> list[str]:
    """What is wrong with the outcome of a session; empty if it is as documented."""
    output = outcome.stdout + outcome.stderr
    if session.mistake is None:
        messages = [f"exit code {outcome.code}: {outcome.stderr[-500:]}"] if outcome.code else []
        return messages + [f"no output {text!r}" for text in session.prints if not re.search(text, output)]
    sentence = error_sentence(session, outcome)
    messages = [] if outcome.code in (1, 2) else [f"exit code {outcome.code} of a mistake"]
    if session.language == "console" and TRACEBACK in output:
        messages.append("a traceback")
    if not re.match(r"(Expected .+, got .+|Cannot .+\. .+)", sentence):
        messages.append(f"no sentence of the documented form: {sentence!r}")
    if len(sentence) > MAX_SENTENCE or session.mistake not in sentence:
        messages.append(f"not one sentence that names {session.mistake!r}: {sentence!r}")
    return messages


def error_sentence(session: Session, outcome: SessionOutput) -> str:
    """The last line of standard error, without the type of the exception."""
    lines = outcome.stderr.strip().splitlines() or [""]
    prefix = r"^Error: " if session.language == "console" else r"^[\w.]+(Error|Exit): "
    return re.sub(prefix, "", lines[-1])


def transcript(outcomes: dict[str, SessionOutput]) -> str:
    """The page: a table of lines, each success with its code, each mistake with its sentence."""
    right = [session for session in SESSIONS if session.mistake is None]
    wrong = [session for session in SESSIONS if session.mistake is not None]
    parts = [HEAD, "| task | lines |", "|---|---:|"]
    parts += [f"| {session.title} | {session.lines} |" for session in right]
    for session in right:
        parts += ["", f"## {session.title}", "", f"```{_FENCE[session.language]}", _code_block(session), "```"]
    parts += ["", "## Mistakes", "", MISTAKES]
    for session in wrong:
        sentence = error_sentence(session, outcomes[session.title])
        parts += ["", f"### {session.title}", "", f"```{_FENCE[session.language]}", _code_block(session), "```"]
        parts += ["", "```text", sentence, "```"]
    return "\n".join(parts) + "\n"


def _code_block(session: Session) -> str:
    lines = session.code.strip().splitlines()
    return "\n".join(f"$ {line}" for line in lines) if session.language == "console" else "\n".join(lines)


_FENCE = {"console": "console", "python": "py"}
HEAD = """\
# First sessions

What a new user types, and what the tool says. A test acts out these sessions in a clean environment from the built
wheel; this page is its transcript: `python tests/acceptance/newcomer.py --write`. The folder has frames with masks
(`my_frames`), a network and a data set (`my_code.py`), and nothing else.
"""
MISTAKES = "Each prints one sentence that names the argument or option, and exits with code 2 (1 from Python)."


def main() -> int:
    """Run from the command line; 1 where a session is not as documented."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, help="an interpreter of an environment with the package")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    # In the checkout: packages are linked from the cache instead of copied where both are on one disk.
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        base = Path(folder)
        (base / "work").mkdir()
        python = options.python.absolute() if options.python else install(build_wheel(base), base / "venv")
        outcomes = run_sessions(python, base / "work")
    failed = {session.title: problems(session, outcomes[session.title]) for session in SESSIONS}
    sys.stdout.write(transcript(outcomes))
    if options.write:
        PAGE.write_text(transcript(outcomes), "utf-8")
    for title, texts in failed.items():
        for text in texts:
            sys.stderr.write(f"{title}: {text}\n")
    return int(any(failed.values()))


if __name__ == "__main__":
    sys.exit(main())
