"""Signals in every phase of every command, in processes of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from robustbench_endo.interruption import interruption_message, resumable

HANGS_S = 25
"""Far above the 5 s that are promised, which `make soak` measures, and below the 60 s for which the drivers wait."""

DRIVER = """
import importlib, sys, time
from pathlib import Path

module, name, marker, seconds = sys.argv[1:5]
sys.argv[1:] = sys.argv[5:]

def wait(*arguments, **options):
    Path(marker).touch()
    time.sleep(float(seconds))

if module:
    setattr(importlib.import_module(module), name, wait)
from robustbench_endo.__main__ import run
run()
"""

FORKS = """
import json, os, sys, tempfile
import robustbench_endo, robustbench_endo.cli, robustbench_endo.evaluation.engines, robustbench_endo.training.trainer
import robustbench_endo.reports.write, robustbench_endo.reproduction.runner

for line in sys.stdin:
    task = json.loads(line)
    child = os.fork()
    if child == 0:
        os.setsid()
        os.chdir(task["folder"])
        os.environ.update(task["environment"])
        tempfile.tempdir = None
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 1)
        os.dup2(os.open("stderr.txt", os.O_WRONLY | os.O_CREAT), 2)
        sys.argv[1:] = task["arguments"]
        exec(task["driver"])
        sys.exit()
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Starts a driver for each line of standard input in a fork, so that torch is imported once."""

SLOW_MODEL = """
import subprocess, time
from pathlib import Path
import torch
from torch import nn

FOLDER = Path(__file__).parent

class Slow(nn.Module):
    def forward(self, images):
        if (FOLDER / "out/run.json").exists():
            # A thread that computes does not see signals.
            subprocess.Popen(["sleep", "97"])
            (FOLDER / "reached").touch()
            time.sleep(60)
        return {"segmentation": torch.zeros(len(images), 7, *images.shape[2:])}

def build(num_classes):
    return Slow()
"""

SAVED = "Interrupted: finished work is saved in out; re-run the same command to resume.\n"
AGAIN = "Interrupted: re-run the same command to start again.\n"
FRAMES = ("--data", "synthetic@frames=2", "--device", "cpu")


@pytest.fixture(scope="module")
def forks():
    """A process that has imported the command line."""
    with subprocess.Popen(
        [sys.executable, "-c", FORKS],
        env={**os.environ, "OMP_NUM_THREADS": "1", "RAY_TMPDIR": "/tmp"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def interrupt_fork(forks, tmp_path):
    """As `interrupt`, in a process in which nothing has to be imported."""

    def call(function, number, *arguments, seconds=60):
        module, _, name = function.partition(":")
        reached = tmp_path / "reached"
        (tmp_path / "tmp").mkdir(exist_ok=True)
        task = {
            "folder": str(tmp_path),
            "environment": {"TMPDIR": str(tmp_path / "tmp")},
            "arguments": [module, name, str(reached), str(seconds), *map(str, arguments)],
            "driver": DRIVER,
        }
        print(json.dumps(task), file=forks.stdin, flush=True)
        child = int(forks.stdout.readline())
        process = Path(f"/proc/{child}")
        try:
            deadline = time.monotonic() + 120
            while not reached.exists():
                assert process.exists(), (tmp_path / "stderr.txt").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            begin = time.monotonic()
            os.kill(child, number)
            while process.exists() and time.monotonic() < begin + 30:
                time.sleep(0.01)
            seconds_to_end = time.monotonic() - begin
        finally:  # the next test needs its parent
            if process.exists():
                os.kill(child, signal.SIGKILL)
            code = int(forks.stdout.readline())
        return code, seconds_to_end, (tmp_path / "stderr.txt").read_text()

    return call


@pytest.fixture
def interrupt(tmp_path):
    """Start `robust-endo`, send a signal when a function is called, and return exit code, seconds and output."""

    def call(function, number, *arguments, seconds=60, delay=0.0):
        module, _, name = function.partition(":")
        reached = tmp_path / "reached"
        command = [sys.executable, "-c", DRIVER, module, name, str(reached), str(seconds), *map(str, arguments)]
        environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp"), "OMP_NUM_THREADS": "1", "RAY_TMPDIR": "/tmp"}
        (tmp_path / "tmp").mkdir(exist_ok=True)
        with subprocess.Popen(
            command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            deadline = time.monotonic() + 120
            while function and not reached.exists():
                assert process.poll() is None, process.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            time.sleep(delay)
            begin = time.monotonic()
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
        return process.returncode, time.monotonic() - begin, errors

    return call


def last_line(errors):
    return errors.rstrip("\n").rpartition("\n")[2] + "\n"


def temporary_files(folder):
    writing = [path for path in folder.rglob("*") if path.name.startswith(".writing-")]
    return writing + [path for path in (folder / "tmp").iterdir() if "torchinductor" not in path.name]  # a cache


def running(text, folder):
    """Processes with this text in their command whose working folder is ``folder``, so not those of other tests."""
    matching = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if text in command and (process / "cwd").readlink() == folder:
                matching.append(process.name)
        except OSError:  # it has ended
            continue
    return matching


def test_install_handles_signals_during_imports(interrupt):
    code, seconds, errors = interrupt("", signal.SIGTERM, "models", delay=0.25)
    assert (code, errors) in ((143, AGAIN), (-15, ""))  # before the first line of Python runs, nothing can be handled
    assert seconds < HANGS_S


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_finish_ends_a_running_evaluation_with_its_threads_and_processes(interrupt_fork, tmp_path, number, code):
    (tmp_path / "slow.py").write_text(SLOW_MODEL)
    model = ("--model", "slow.py:build", "--limit", 1, "--out", "out", *FRAMES)
    result, seconds, errors = interrupt_fork(":model", number, "evaluate", *model)
    assert result == code
    assert seconds < HANGS_S
    assert last_line(errors) == SAVED
    assert "Traceback" not in errors
    assert not temporary_files(tmp_path)
    assert not running("sleep 97", tmp_path)


def test_finish_ends_at_once_at_a_second_signal(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW_MODEL)
    command = ["evaluate", "--model", "slow.py:build", "--limit", "1", "--out", "out", *FRAMES]
    with subprocess.Popen(
        [sys.executable, "-m", "robustbench_endo", *command],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        while not (tmp_path / "reached").exists():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert time.monotonic() - begin < HANGS_S
    assert errors.count("Interrupted") == 1


LOADING = "robustbench_endo.cli.resolve_inputs:load_models_and_data"
PHASES = [
    (LOADING, ("evaluate", "--out", "out", *FRAMES), AGAIN),
    ("robustbench_endo.training:train", ("train", "--out", "out", *FRAMES), SAVED),
    ("robustbench_endo.results:load_results", ("report", "run"), AGAIN),
]
SLOW_PHASES = [
    ("robustbench_endo.cli.output:show_results", ("evaluate", "--limit", 1, "--corruption", "contrast"), SAVED),
    ("robustbench_endo.training.trainer:save_history", ("train", "--epochs", 2, "--out", "out", *FRAMES), SAVED),
    ("robustbench_endo.results:load_results", ("compare", "run", "run"), AGAIN),
    ("robustbench_endo.reports.leaderboard.site:build_site", ("leaderboard", ".", "--out", "site"), AGAIN),
    ("robustbench_endo.evaluation.merge_shards:merge", ("merge", "run", "--out", "out"), AGAIN),
    ("robustbench_endo.models:load_model", ("export", "tiny-resnet/mmoe", "--out", "a.pt2"), AGAIN),
    ("robustbench_endo.data.checking:check", ("datasets", "check", "synthetic"), AGAIN),
    ("robustbench_endo.reproduction.runner:train_cell", ("reproduce", "table2", "--synthetic", "--out", "out"), AGAIN),
    (
        "robustbench_endo.synthesis:synthesize",
        ("synthesize", "--background", "synthetic", "--instruments", "synthetic", "--out", "out"),
        AGAIN,
    ),
]


def check_phase(interrupt_fork, tmp_path, function, arguments, message):
    if arguments[0] == "evaluate" and "--out" not in arguments:
        arguments = (*arguments, "--out", "out", *FRAMES)
    code, seconds, errors = interrupt_fork(function, signal.SIGTERM, *arguments)
    assert code == 143, errors
    assert seconds < HANGS_S
    assert last_line(errors) == message
    assert "Traceback" not in errors
    assert not temporary_files(tmp_path)


@pytest.mark.parametrize(("function", "arguments", "message"), PHASES)
def test_resumable_names_the_folder_in_every_phase(interrupt_fork, tmp_path, function, arguments, message):
    check_phase(interrupt_fork, tmp_path, function, arguments, message)


@pytest.mark.slow
@pytest.mark.parametrize(("function", "arguments", "message"), SLOW_PHASES)
def test_resumable_names_the_folder_in_every_phase_of_every_command(
    interrupt_fork, tmp_path, function, arguments, message
):
    check_phase(interrupt_fork, tmp_path, function, arguments, message)


def test_interruption_message_names_a_folder_only_where_it_has_files(tmp_path):
    with resumable(tmp_path):
        assert interruption_message() + "\n" == AGAIN
        (tmp_path / "run.json").touch()
        assert f"saved in {tmp_path}; re-run" in interruption_message()
    assert interruption_message() + "\n" == AGAIN


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_finish_ends_the_processes_of_ray(interrupt, tmp_path, number, code):
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    (tmp_path / "slow.py").write_text(SLOW_MODEL)
    model = ("--model", "slow.py:build", "--engine", "ray", "--out", tmp_path / "out", *FRAMES)
    result, seconds, errors = interrupt(":model", number, "evaluate", *model)
    assert result == code
    assert seconds < HANGS_S
    assert last_line(errors) == SAVED.replace("out", str(tmp_path / "out"))
    assert "Traceback" not in errors
    deadline = time.monotonic() + 10  # the kernel of a busy machine ends killed processes later
    while running("ray", tmp_path) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not running("ray", tmp_path)
    assert not temporary_files(tmp_path)
