"""Images of the largest drops, and images that were damaged and are stored again."""

import shutil

import numpy as np
import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.gallery_images import remove_damaged_images
from robustbench_endo.results.tail_risk import largest_drops


def files(folder):
    """Content of the stored images by name."""
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_store_images_stores_images_of_each_drop(make_plan, run):
    results = run(make_plan(frames=3))
    stored = {frame.image_id: frame for frame in results.worst_gallery()}
    drops = largest_drops(results)
    assert len(drops)
    assert set(stored) == set(drops["image_id"])
    for row in drops.itertuples():
        frame = stored[row.image_id]
        for condition in (("clean", 0), (row.corruption, row.severity)):
            assert frame.image(*condition) is not None
            assert frame.target(*condition) is not None
            assert frame.prediction(row.model, *condition) is not None


def test_store_images_equal_those_of_the_gallery(make_plan, run):
    results = run(make_plan(frames=3))
    gallery = {frame.image_id: frame for frame in results.gallery()}
    rows = [row for row in largest_drops(results).itertuples() if row.image_id in gallery]
    assert rows
    worst = {frame.image_id: frame for frame in results.worst_gallery()}
    for row in rows:
        first, second = (part[row.image_id].image(row.corruption, row.severity) for part in (gallery, worst))
        np.testing.assert_array_equal(first, second)


def test_store_images_needs_a_gallery(make_plan, run):
    plan = make_plan(frames=3, gallery_frames=0)
    assert run(plan).worst_gallery() == []
    assert not list(plan.config.out.glob("gallery/worst-*"))


def test_store_images_repairs_a_finished_run(make_plan, run):
    plan = make_plan(frames=3)
    run(plan)
    gallery = plan.config.out / "gallery"
    before = files(gallery)
    worst, frames = (sorted(gallery.glob(pattern))[0] for pattern in ("worst-*/*.webp", "0/*.png"))
    worst.unlink()
    frames.write_bytes(b"edited")
    (gallery / "0" / "foreign.webp").write_bytes(b"foreign")
    run(plan)
    assert files(gallery) == before


def test_store_images_of_a_frame_that_vanished_raises(make_plan, run):
    plan = make_plan(frames=3)
    run(plan)
    for path in (plan.config.out / "gallery").rglob("*.webp"):
        path.unlink()
    next(entry.image for entry in plan.dataset.entries if entry.id == plan.gallery.ids[0]).unlink()
    with pytest.raises(RunError, match="it changed or vanished after the run began"):
        run(plan)


def test_remove_damaged_images_follows_no_link_to_another_folder(make_plan, run, tmp_path):
    plan = make_plan(frames=2)
    run(plan)
    first = plan.config.out / "gallery" / "0"
    shutil.move(first, tmp_path / "elsewhere")
    first.symlink_to(tmp_path / "elsewhere")
    precious = tmp_path / "elsewhere" / "precious.txt"
    precious.write_text("not of the run")
    remove_damaged_images(plan.config.out)
    assert precious.exists()
