from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from robustbench_endo.data.folder import FolderDataset
from robustbench_endo.errors import SynthesisError
from robustbench_endo.synthesis import SynthesisConfig, synthesize


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")}


def test_synthesize_writes_a_dataset_with_a_record(bars, clean, tmp_path):
    done = synthesize(clean, bars(), tmp_path / "out", 6, SynthesisConfig(seed=3))
    assert (done.images, done.created, done.cutouts, done.n_unusable, done.backgrounds) == (6, 6, 6, 0, 2)
    data = FolderDataset(tmp_path / "out", "train")
    data.check(range(len(data)))
    assert len(data) == 6
    assert data.classes == bars().classes
    assert set(data.subjects) == {"frame_0", "frame_1"}
    record = json.loads((tmp_path / "out" / "synthesis.json").read_text())
    assert record["settings"]["seed"] == 3
    assert record["labels"] == "parts"
    assert set(record["instrument_frames"]) == set(bars().ids)
    for row in record["pictures"]:
        assert row["path"].removeprefix("train/") in data.ids
        assert row["background_subject"] in ("patient0", "patient1")
        assert all(tool["frame"] in bars().ids for tool in row["instruments"])


def test_synthesize_aligns_masks_with_the_instruments(bars, clean, tmp_path):
    synthesize(clean, bars(), tmp_path, 8)
    for sample in map(FolderDataset(tmp_path, "train").__getitem__, range(8)):
        image, mask = sample.image.permute(1, 2, 0).numpy().astype(int), sample.mask.numpy()
        grey = np.ptp(image, axis=2) < 0.25 * image.max(axis=2)
        assert (grey == (mask > 0)).mean() > 0.97
        assert set(np.unique(mask)) <= {0, 1, 2}
        assert (mask > 0).any()


def test_synthesize_computes_images_independently(bars, clean, tmp_path):
    synthesize(clean, bars(), tmp_path / "six", 6)
    synthesize(clean, bars(), tmp_path / "three", 3)
    six, three = files(tmp_path / "six"), files(tmp_path / "three")
    assert len(three) == 6
    assert all(six[name] == content for name, content in three.items())
    synthesize(clean, bars(), tmp_path / "other", 3, SynthesisConfig(seed=1))
    assert not {*files(tmp_path / "other").values()} & {*three.values()}


def test_synthesize_resumes_an_interrupted_call(bars, clean, tmp_path):
    first = synthesize(clean, bars(), tmp_path / "a", 4)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    next((tmp_path / "b").rglob("image/*_00002.png")).unlink()
    again = synthesize(clean, bars(), tmp_path / "b", 4)
    assert (first.created, again.created) == (4, 1)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    record = (tmp_path / "a" / "synthesis.json").read_text()
    assert record == (tmp_path / "b" / "synthesis.json").read_text()
    synthesize(clean, bars(), tmp_path / "b", 2)
    assert record == (tmp_path / "b" / "synthesis.json").read_text()


def test_synthesize_rejects_other_settings_or_sources(bars, clean, tmp_path):
    synthesize(clean, bars(), tmp_path / "a", 1)
    with pytest.raises(SynthesisError, match=r"Cannot resume .*a: settings.seed changed from 0 to 1. Use a new --out"):
        synthesize(clean, bars(), tmp_path / "a", 1, SynthesisConfig(seed=1))
    with pytest.raises(SynthesisError, match="instrument_frames.patient0/frame_0.png changed from "):
        synthesize(clean, bars(change=lambda image, mask: image.fill(9)), tmp_path / "a", 1)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "notes.txt").write_text("mine")
    with pytest.raises(SynthesisError, match=r"got .*b with files and no synthesis.json"):
        synthesize(clean, bars(), tmp_path / "b", 1)


def test_synthesize_names_activities_by_each_rule(bars, clean, tmp_path):
    for rule in ("source", "count", "none"):
        synthesize(clean, bars(), tmp_path / rule, 8, SynthesisConfig(activity=rule))
        rows = json.loads((tmp_path / rule / "synthesis.json").read_text())["pictures"]
        for row in rows:
            tools = row["instruments"]
            expected = {"source": tools[0]["activity"], "count": "1" if len(tools) == 1 else "2", "none": None}[rule]
            assert row["activity"] == expected
            if rule == "source":
                assert len({tool["activity"] for tool in tools}) == 1
        assert len({row["activity"] for row in rows}) == (1 if rule == "none" else 2)


def test_synthesize_stays_within_subjects(bars, clean, tmp_path):
    synthesize(clean, bars(), tmp_path, 8, SynthesisConfig(within_subjects=True))
    for row in json.loads((tmp_path / "synthesis.json").read_text())["pictures"]:
        assert {tool["subject_id"] for tool in row["instruments"]} == {row["background_subject"]}
    with pytest.raises(SynthesisError, match="instruments of every background's subject, got none of 'patient1'"):
        synthesize(clean, bars(frames=1), tmp_path / "b", 1, SynthesisConfig(within_subjects=True))


def test_synthesize_inpaints_instruments_of_backgrounds(bars, tmp_path):
    synthesize(bars(), bars(), tmp_path, 6, SynthesisConfig(max_instruments=1))
    data = FolderDataset(tmp_path, "train")
    for image, mask in ((data[i].image, data[i].mask) for i in range(6)):
        image, mask = image.permute(1, 2, 0).numpy().astype(int), mask.numpy()
        grey = np.ptp(image, axis=2) < 0.25 * image.max(axis=2)
        assert (grey & (mask == 0)).mean() < 0.02


def test_synthesize_applies_size_and_limits(bars, clean, tmp_path):
    done = synthesize(
        clean, bars(), tmp_path, 2, SynthesisConfig(size=(64, 96), limit_instruments=2, limit_backgrounds=1)
    )
    assert done.backgrounds == 1
    record = json.loads((tmp_path / "synthesis.json").read_text())
    assert len(record["instrument_frames"]) == 2
    assert {tuple(sample.image.shape) for sample in map(FolderDataset(tmp_path, "train").__getitem__, range(2))} == {
        (3, 64, 96)
    }


def test_synthesize_ignores_pixels_of_unknown_tissue(bars, clean, tmp_path):
    synthesize(clean, bars(), tmp_path, 2, SynthesisConfig(instrument_labels=(1,)))
    for sample in map(FolderDataset(tmp_path, "train").__getitem__, range(2)):
        assert set(sample.mask.unique().tolist()) == {1, 255}


def test_synthesize_keeps_a_black_border(bars, clean, tmp_path):
    boxed = bars(frames=1, masks=False, bars=(), change=lambda image, mask: image.__setitem__(slice(0, 12), 0))
    synthesize(boxed, bars(), tmp_path, 4)
    for sample in map(FolderDataset(tmp_path, "train").__getitem__, range(4)):
        dark = sample.image.numpy().max(axis=0).max(axis=1) < 10
        assert dark[:9].all() or dark[-9:].all()
        assert not dark[12:-12].any()
        assert not sample.mask.numpy()[dark].any()


def test_synthesize_rejects_instruments_without_masks(bars, clean, tmp_path):
    with pytest.raises(SynthesisError, match="a mask for every instrument frame, got none for patient0/frame_0"):
        synthesize(clean, bars(masks=False), tmp_path / "a", 1)
    assert not (tmp_path / "a").exists()


def test_synthesize_rejects_masks_without_instruments(bars, clean, tmp_path):
    with pytest.raises(SynthesisError, match="instruments in the masks of bars, got none"):
        synthesize(clean, bars(bars=()), tmp_path, 1)


def test_synthesize_uses_floating_instruments_only_on_request(bars, clean, tmp_path):
    inside = bars(bars=(((90, 40), (40, 44)),))
    with pytest.raises(SynthesisError, match="enter from the border of the view, got 4 in bars that do not"):
        synthesize(clean, inside, tmp_path / "a", 1)
    assert synthesize(clean, inside, tmp_path / "a", 1, SynthesisConfig(allow_floating=True)).created == 1


def test_synthesize_rejects_backgrounds_without_tissue(bars, tmp_path):
    full = bars(change=lambda image, mask: mask.fill(1))
    with pytest.raises(SynthesisError, match="at least 75% of its view, got none among 4 frames"):
        synthesize(full, bars(), tmp_path, 1)


def test_synthesize_names_an_image_in_which_nothing_fits(bars, clean, tmp_path):
    with pytest.raises(SynthesisError, match="Cannot place an instrument in image 0: none of 12 fits at scales"):
        synthesize(clean, bars(), tmp_path, 1, SynthesisConfig(scales=(0.01, 0.02)))


def test_synthesize_rejects_the_source_rule_without_activities(bars, clean, tmp_path):
    with pytest.raises(SynthesisError, match="with activities, got none in bars"):
        synthesize(clean, bars(activities=()), tmp_path, 1, SynthesisConfig(activity="source"))


def test_synthesize_rejects_unknown_instrument_labels(bars, clean, tmp_path):
    with pytest.raises(SynthesisError, match=r"among shaft, tip or their labels from 1 to 2, got '3'"):
        synthesize(clean, bars(), tmp_path, 1, SynthesisConfig(instrument_labels=(3,)))


def test_synthesize_records_labels_that_are_given_by_name(bars, clean, tmp_path):
    synthesize(clean, bars(), tmp_path, 1, SynthesisConfig(instrument_labels=("tip", "shaft")))
    assert json.loads((tmp_path / "synthesis.json").read_text())["settings"]["instruments"] == [1, 2]


def test_synthesize_rejects_a_count_below_one(bars, clean, tmp_path):
    with pytest.raises(SynthesisError, match="Expected at least 1 image, got 0: correct --count"):
        synthesize(clean, bars(), tmp_path, 0)


def test_synthesize_reports_progress_by_phase(bars, clean, tmp_path):
    calls = []
    synthesize(clean, bars(frames=2), tmp_path, 3, progress=lambda *call: calls.append(call))
    assert calls == [
        *(("instruments", done, 2) for done in (1, 2)),
        *(("backgrounds", done, 2) for done in (1, 2)),
        *(("images", done, 3) for done in (1, 2, 3)),
    ]


def test_synthesize_names_an_unknown_image_in_the_folder(bars, clean, tmp_path):
    synthesize(clean, bars(), tmp_path, 1)
    (next((tmp_path / "train").rglob("image")) / "mine.png").write_bytes(b"no image")
    with pytest.raises(SynthesisError, match=r"written by robust-endo synthesize in .*mine.png, got another"):
        synthesize(clean, bars(), tmp_path, 2)
