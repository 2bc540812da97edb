"""Batches: as large as the memory allows, and nothing in the results says how large that was."""

import hashlib

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evaluation import plan as work
from robustbench_endo.evaluation.config import BatchSize
from robustbench_endo.evaluation.engines.local import device_errors
from robustbench_endo.evaluation.run import run
from robustbench_endo.models import load_model


@pytest.fixture(autouse=True)
def one_chunk(monkeypatch):
    """All frames of a run in one chunk, so that a batch may be as large."""
    monkeypatch.setattr(work, "chunked", lambda indices, device: [indices])


class Small(nn.Module):
    """A model on a device that holds ``room`` frames; it depends on each pixel alone, so a batch cannot matter."""

    seen: list[int] = []  # noqa: RUF012 - every copy notes in the same list

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def forward(self, images):
        if len(images) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        self.seen.append(len(images))
        light = images.mean(1, keepdim=True) - 0.6
        return {"segmentation": torch.cat((-light, light, torch.full_like(light, -9)), 1)}


def test_a_batch_that_does_not_fit_is_halved_and_the_size_is_remembered(make_request, tmp_path):
    run(make_request(frames=5, models={"m": Small(99)}, batch=10, out=tmp_path / "whole"))
    Small.seen.clear()
    run(make_request(frames=5, models={"m": Small(3)}, batch=10, out=tmp_path / "halves", workers=1, gallery=0))
    assert max(Small.seen) == 3
    assert sum(Small.seen) == 10 * 5
    whole, halves = (tmp_path / name / "results.parquet" for name in ("whole", "halves"))
    assert whole.read_bytes() == halves.read_bytes()


def test_a_device_that_holds_no_frame(make_request):
    with pytest.raises(RunError, match=r"memory for one frame of \(48, 64\) px.*CUDA out of memory.*--resolution"):
        run(make_request(frames=2, models={"m": Small(0)}))


def test_a_size_is_lowered_and_never_raised():
    size = BatchSize(None)
    assert size.cut(5, 10**9) == [[0, 1, 2, 3, 4]]
    size.lower(2)
    size.lower(4)
    assert size.cut(5, 10**9) == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize(("pixels", "longest"), [(10, 4), (50, 2), (51, 1), (1000, 1)])
def test_a_size_in_pixels_holds_whole_frames_and_at_least_one(pixels, longest):
    size = BatchSize(4, 100)
    assert [len(batch) for batch in size.cut(5, pixels)] == [longest] * (5 // longest) + [5 % longest] * (longest > 1)
    size.lower(1)
    assert size.cut(2, pixels) == [[0], [1]]


class Hashing(nn.Module):
    """Notes the SHA-256 of every picture it is shown."""

    seen: list[str] = []  # noqa: RUF012 - every copy notes in the same list

    def forward(self, images):
        self.seen += [hashlib.sha256(image.contiguous().numpy().tobytes()).hexdigest() for image in images]
        return {"activity": images.mean((2, 3))}


@pytest.mark.parametrize(
    ("batch", "pixels", "sizes"),
    [(1, None, {1}), (7, None, {7, 3}), (32, None, {10}), (None, 3 * 48 * 64, {3, 1}), (None, 10**9, {10})],
)
def test_models_are_shown_as_many_as_asked_for(make_request, monkeypatch, batch, pixels, sizes):
    Small.seen.clear()
    monkeypatch.setattr(work, "PIXELS", pixels)
    run(make_request(models={"m": Small(99)}, corruptions=("contrast",), severities=(1,), batch=batch, gallery=0))
    assert set(Small.seen) == sizes


@pytest.mark.parametrize("batch", [1, 7])
def test_the_pictures_do_not_depend_on_the_batch(make_request, tmp_path, batch):
    corruptions = ("smoke", "elastic_transform", "shot_noise", "jpeg_compression")
    shown = []
    for size in (32, batch):
        Hashing.seen.clear()
        run(
            make_request(
                frames=5, models={"m": Hashing()}, corruptions=corruptions, batch=size, out=tmp_path / str(size)
            )
        )
        shown.append(sorted(Hashing.seen))
    assert len(shown[0]) == 10 * (1 + 4 * 2)
    assert shown[0] == shown[1]


def test_labels_do_not_depend_on_the_batch_and_confidences_by_less_than_1e_5(make_request, tmp_path):
    models = {"tiny": load_model("tiny-resnet/mmoe", num_classes=3, num_activities=2, weights=None)}
    few = {"frames": 4, "models": models, "corruptions": ("contrast",), "severities": (3,), "gallery": 0}
    frames = [run(make_request(**few, batch=size, out=tmp_path / str(size))).frame for size in (1, 7, 32)]
    for other in frames[1:]:
        for name in frames[0]:
            first, second = frames[0][name], other[name]
            if any(word in name for word in ("confidence", "entropy", "brier")):
                np.testing.assert_allclose(first, second, atol=1e-5, err_msg=name)
            else:
                assert first.equals(second), name


def test_batches_below_one_and_compilation_for_the_cpu_are_refused(make_request):
    with pytest.raises(RobustEndoError, match="Expected a batch of at least 1 frame, got 0"):
        run(make_request(frames=1, batch=0))
    with pytest.raises(RobustEndoError, match="Expected a CUDA device to compile models for, got cpu"):
        run(make_request(frames=1, compile=True, out=make_request().out.parent / "other"))


class Gone(nn.Module):
    """A device that stops to answer when it is shown a dark frame."""

    def forward(self, images):
        if images.mean() < 0.3:
            raise RuntimeError("CUDA error: unspecified launch failure\nSearch for cudaErrorLaunchFailure")
        return {"activity": images.mean((2, 3))}


def test_a_device_that_vanishes_is_said_in_one_sentence():
    with (
        pytest.raises(RunError, match=r"Expected an answer from cuda:0, got it gone \(CUDA error: unspecified"),
        device_errors(torch.device("cuda:0")),
    ):
        Gone()(torch.zeros(1, 3, 8, 8))
    with pytest.raises(RuntimeError, match="mat1"), device_errors(torch.device("cuda:0")):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
