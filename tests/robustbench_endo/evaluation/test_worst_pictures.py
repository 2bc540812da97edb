"""The pictures of the deepest falls are kept, and are those that the run saw."""

from __future__ import annotations

import numpy as np

from robustbench_endo.evaluation import run as worst_pictures
from robustbench_endo.evaluation.run import run
from robustbench_endo.results.tail_risk import largest_drops


def test_each_deepest_fall_has_its_pictures(make_request):
    request = make_request(frames=3)
    results = run(request)
    kept = {frame.image_id: frame for frame in results.worst_gallery()}
    falls = largest_drops(results.frame)
    assert len(falls)
    assert set(kept) == set(falls["image_id"])
    for row in falls.itertuples():
        frame = kept[row.image_id]
        for condition in (("clean", 0), (row.corruption, row.severity)):
            assert frame.image(*condition) is not None
            assert frame.target(*condition) is not None
            assert frame.prediction(row.model, *condition) is not None


def test_they_are_the_same_as_in_the_gallery(make_request):
    results = run(make_request(frames=3))
    everything = {frame.image_id: frame for frame in results.gallery()}
    same = [row for row in largest_drops(results.frame).itertuples() if row.image_id in everything]
    assert same
    kept = {frame.image_id: frame for frame in results.worst_gallery()}
    for row in same:
        one, other = (where[row.image_id].image(row.corruption, row.severity) for where in (everything, kept))
        np.testing.assert_array_equal(one, other)


def test_they_are_made_once(make_request):
    request = make_request(frames=3)
    run(request)
    index = request.out / "gallery" / "index.json"
    before = index.read_text()
    pictures = sorted(index.parent.glob("worst-*/*.webp"))
    pictures[0].unlink()
    run(request)
    assert index.read_text() == before
    assert not pictures[0].exists()


def test_no_gallery_keeps_none(make_request):
    request = make_request(frames=3, gallery=0)
    assert run(request).worst_gallery() == []
    assert not list(request.out.glob("gallery/worst-*"))


def test_a_frame_that_has_gone_since_it_was_scored(make_request, monkeypatch):
    monkeypatch.setattr(worst_pictures, "read_frames", lambda *told: ([], []))
    results = run(make_request(frames=3))
    assert len(results.frame)
    assert not any(frame.image("clean", 0) is not None for frame in results.worst_gallery())
