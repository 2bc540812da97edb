"""A full disk or a limit of the file size: one sentence in every command, and no unfinished file."""

import errno
import resource
import signal
from contextlib import contextmanager

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from robustbench_endo import io_utils
from robustbench_endo.cli import main

MODEL = """
import torch

class Zero(torch.nn.Module):
    def forward(self, images):
        return {"segmentation": torch.zeros(len(images), 7, *images.shape[2:])}

def build(num_classes=7):
    return Zero()
"""
EVALUATE = (
    *("evaluate", "--model", "model.py:build", "--data", "synthetic@frames=1", "--device", "cpu"),
    *("--corruption", "contrast", "--severity", "1"),
)
DATA = ("--data", "frames", "--classes", "background,tool")
TRAIN = ("train", *DATA, "--device", "cpu", "--epochs", "1", "--logger", "none")
COMMANDS = {
    "evaluate": (*EVALUATE, "--out", "out", "--format", "html,csv"),
    "train": (*TRAIN, "--model", "tiny-resnet/mmoe@width=12", "--out", "out"),
    "report": ("report", "run", "--out", "out", "--format", "html,csv,md,latex"),
    "compare": ("compare", "run", "run", "--out", "out.html"),
    "leaderboard": ("leaderboard", ".", "--allow-unverified", "--out", "out"),
    "merge": ("merge", "shard", "--out", "out", "--format", "html"),
    "synthesize": ("synthesize", "--background", "frames", "--instruments", "frames", "--count", "1", "--out", "out"),
    "corrupt": ("corrupt", "frames", "out", "--corruption", "contrast", "--severity", "1"),
    "preview": ("preview", "frames/image/OP1_1.png", "--corruption", "contrast", "--out", "out.png"),
    "export": ("export", "tiny-resnet/mmoe", "--out", "out.pt2"),
}
SLOW = ("train", "export")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Frames with masks, a model, a finished run and a shard, in one folder."""
    root = tmp_path_factory.mktemp("disk_full")
    (root / "model.py").write_text(MODEL)
    random = np.random.default_rng(0)
    for number in range(2):
        mask = np.zeros((96, 128), np.uint8)
        mask[20:60, :70] = 1
        image = random.integers(60, 140, (96, 128, 3)).astype(np.uint8)
        for kind, pixels in (("image", image), ("mask", mask)):
            (root / "frames" / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(root / "frames" / kind / f"OP{number}_{number}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for options in (("--out", "run"), ("--out", "shard", "--shard", "1/1")):
            result = CliRunner().invoke(main, [*EVALUATE, *options, "--format", "none"])
            assert result.exit_code == 0, result.output
    return root


@contextmanager
def limit_of_file_size(size):
    """While no file of this process can become larger than ``size`` bytes: writing more is an error, not a signal."""
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))
        signal.signal(signal.SIGXFSZ, handler)


def unfinished(folder):
    return [path for path in folder.rglob("*") if path.name.startswith(".writing-")]


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in COMMANDS])
def test_main_reports_a_full_disk_in_one_sentence(inputs, robust_endo, monkeypatch, name):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.chdir(inputs)
    monkeypatch.setattr(io_utils.os, "fsync", full)
    result = robust_endo(*(f"{name}-{word}" if word.startswith("out") else word for word in COMMANDS[name]))
    assert result.exit_code == 2, result.output
    assert "No space left on device" in result.stderr
    assert "Free some space" in result.stderr
    assert "Unexpected error" not in result.output
    assert not unfinished(inputs)


@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 9000])
@pytest.mark.parametrize("name", ["evaluate", "train"])
def test_main_resumes_after_a_limit_of_the_file_size(inputs, robust_endo, monkeypatch, name, size):
    monkeypatch.chdir(inputs)
    words = [*COMMANDS[name]]
    words[words.index("out")] = f"{name}-{size}"
    with limit_of_file_size(size):
        limited = robust_endo(*words)
    if limited.exit_code != 0:
        assert limited.exit_code == 2, limited.output
        last = limited.stderr.rstrip("\n").rpartition("\n")[2]
        assert last.startswith("Error: Cannot ")
        assert "Traceback" not in limited.stderr
        assert not unfinished(inputs)
    assert robust_endo(*words).exit_code == 0
