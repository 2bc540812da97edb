"""Episodes: which frames they have, what is reset, and what a run with adaptation reproduces."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import robustbench_endo as rb
from robustbench_endo.data import FolderDataset
from robustbench_endo.errors import ModelError, RunError
from robustbench_endo.evaluation.adaptation import episode
from robustbench_endo.evaluation.adaptation.episode import Episode, augmented, split_episodes
from robustbench_endo.evaluation.adaptation.settings import EPISODE, Memo, Tent
from robustbench_endo.evaluation.replay import replay
from robustbench_endo.evaluation.run import evaluate_shard

IDS = tuple("abcd")
METHODS = ("bn", "tent@lr=0.1", "memo@lr=0.1,augmentations=2")


def test_episodes_are_limited_and_stay_in_a_video():
    assert [len(part) for part in split_episodes([str(i) for i in range(150)], range(150))] == [64, 64, 22]
    ids = [f"{video}.mp4#frame_{number}" for video in "ab" for number in range(70)]
    assert [len(part) for part in split_episodes(ids, range(140))] == [EPISODE, 6, EPISODE, 6]
    assert split_episodes(ids, [5, 3, 80]) == [[5, 3], [80]]


def test_episode_without_a_method_returns_the_model():
    assert Episode(None).adapt(print, "key", IDS) is print


def test_tent_follows_a_condition_and_is_reset_for_another(formulas):
    net, batches = formulas.SmallNet("activity").eval(), formulas.batches()
    adaptation = Episode(Tent(lr=0.1))
    first = adaptation.adapt(net, "noise", IDS)(batches[0])["activity"]
    second = adaptation.adapt(net, "noise", IDS)(batches[0])["activity"]
    other = adaptation.adapt(net, "blur", IDS)(batches[0])["activity"]
    again = Episode(Tent(lr=0.1)).adapt(net, "noise", IDS)(batches[0])["activity"]
    assert not first.equal(second)
    assert first.equal(other)
    assert first.equal(again)


def test_memo_is_reset_for_each_frame(formulas):
    net, (images, *_) = formulas.SmallNet("segmentation").eval(), formulas.batches()
    method = Memo(lr=0.1, augmentations=2)
    together = Episode(method).adapt(net, "key", IDS)(images)["segmentation"]
    single = Episode(method).adapt(net, "key", ("c",))(images[2:3])["segmentation"]
    torch.testing.assert_close(together[2:3], single)


def test_adapting_leaves_the_weights_unchanged(formulas):
    net, (images, *_) = formulas.SmallNet("segmentation").eval(), formulas.batches()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    for method in (Tent(lr=1.0), Memo(lr=1.0, augmentations=2)):
        Episode(method).adapt(net, "key", IDS)(images)
    assert all(before[name].equal(tensor) for name, tensor in net.state_dict().items())


def test_augmented_copies_differ_and_depend_on_the_name():
    image = torch.rand(3, 8, 10, generator=torch.Generator().manual_seed(0))
    copies = augmented(image, 4, "frame", 0)
    assert copies.shape == (4, 3, 8, 10)
    assert len({copy.numpy().tobytes() for copy in copies}) == 4
    assert copies.equal(augmented(image, 4, "frame", 0))
    assert not copies.equal(augmented(image, 4, "other", 0))
    assert not copies.equal(augmented(image, 4, "frame", 1))


class TwoTasks(torch.nn.Module):
    """A convolution with batch norm, and a layer for each task."""

    input_size = None

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.features = torch.nn.Sequential(
            torch.nn.Conv2d(3, 6, 3, stride=2, padding=1), torch.nn.BatchNorm2d(6), torch.nn.ReLU()
        )
        self.masks, self.activities = torch.nn.Conv2d(6, 3, 1), torch.nn.Linear(6, 2)

    def forward(self, images):
        features = self.features(images)
        return {"segmentation": self.masks(features), "activity": self.activities(features.mean((2, 3)))}


@pytest.fixture
def frames(make_folder):
    return FolderDataset(make_folder(frames=5))


@pytest.fixture
def network():
    return TwoTasks().eval()


def run(network, frames, out, corruptions=("contrast", "gaussian_noise"), **options):
    config = {"batch_size": 2, "gallery_frames": 0, "device": "cpu", **options}
    return rb.evaluate({"net": network}, frames, corruptions, (5,), out=out, **config)


def numbers_of(frame):
    return frame.select_dtypes(np.number).to_numpy()


@pytest.mark.parametrize("adapt", METHODS)
def test_adapted_run_depends_neither_on_threads_nor_on_other_conditions(network, frames, tmp_path, adapt):
    both = run(network, frames, tmp_path / "both", adapt=adapt, workers=3)
    single = run(network, frames, tmp_path / "single", ("gaussian_noise",), adapt=adapt, workers=1)
    assert both.models == [f"net ({adapt.partition('@')[0]})"]
    common = both.frame[both.frame["corruption"].isin(("clean", "gaussian_noise"))]
    assert np.array_equal(numbers_of(common), numbers_of(single.frame), equal_nan=True)
    checks = replay(single, frames, 1000, {"net": network})
    assert [check.problem for check in checks if not check.passed] == []


def test_shards_of_an_adapted_run_equal_the_run(network, frames, tmp_path, monkeypatch):
    monkeypatch.setattr(episode, "EPISODE", 4)
    options = {"adapt": "tent@lr=0.1", "batch_size": 2, "gallery_frames": 0, "device": "cpu"}
    full = rb.evaluate({"net": network}, frames, "contrast", (5,), **options)
    for shard in ("2/2", "1/2"):
        evaluate_shard(shard, {"net": network}, frames, "contrast", (5,), out=tmp_path / "shards", **options)
    merged = rb.merge(tmp_path / "shards")
    assert np.array_equal(numbers_of(full.frame), numbers_of(merged.frame), equal_nan=True)


def test_run_with_adaptation_says_so_and_does_not_resume_another(network, frames, tmp_path):
    results = run(network, frames, tmp_path / "run", adapt="tent", gallery_frames=1)
    assert results.info["adaptation"]["method"] == "tent"
    assert results.info["identity"]["adaptation"]["batch_size"] == 2
    assert any("adapted at test time (tent) on batches of up to 2 frames" in note for note in results.info["notes"])
    for options, text in (({"adapt": "bn"}, "bn"), ({"adapt": "tent", "batch_size": 3}, "batch_size"), ({}, "null")):
        with pytest.raises(RunError, match=f"Cannot resume .*adaptation.*{text}"):
            run(network, frames, tmp_path / "run", **options)


def test_adapted_runs_are_marked_in_a_comparison(network, frames, tmp_path):
    plain = run(network, frames, tmp_path / "plain")
    adapted = run(network, frames, tmp_path / "adapted", adapt="bn")
    comparison = rb.results.compare([plain, adapted])
    assert comparison.models == ["net", "net (bn)"]
    assert not np.array_equal(numbers_of(plain.frame), numbers_of(adapted.frame), equal_nan=True)
    assert comparison.warnings[0] == (
        "The runs differ in the adaptation of models at test time (none in plain; bn with batch_size 2, "
        "frames_until_reset 64 in adapted), which is part of every difference."
    )
    assert not [text for text in rb.results.compare([plain, plain]).warnings if "adaptation" in text]


def test_evaluate_refuses_to_adapt_a_model_without_normalisation(frames, tmp_path):
    with pytest.raises(ModelError, match="Expected normalisation layers with scale and shift"):
        run(torch.nn.Conv2d(3, 3, 1), frames, tmp_path / "run", adapt="tent")
