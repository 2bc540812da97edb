"""The shipped checkpoints predict the synthetic scenes, and the recipe that trained them runs."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.models import SHIPPED, load_model
from robustbench_endo.models.checkpoint import folder_of
from robustbench_endo.training import rebuild_checkpoints
from robustbench_endo.training.data import InMemoryDataset
from robustbench_endo.training.rebuild_checkpoints import Recipe, rebuild
from robustbench_endo.training.validate import validate_on


@pytest.fixture(scope="module")
def held_out() -> InMemoryDataset:
    return InMemoryDataset(SyntheticScenes("test", frames=12), (160, 208))


@pytest.mark.parametrize("spec", SHIPPED)
def test_shipped_checkpoints_score_on_held_out_scenes(spec, held_out):
    if not folder_of(spec).is_dir():
        pytest.skip("the checkpoints are missing: make checkpoints")
    scores = validate_on(load_model(spec, weights="pretrained"), held_out, 6, torch.device("cpu"))
    assert scores["miou"] > 0.78
    assert scores["accuracy"] > 0.7


def test_rebuild_writes_a_checkpoint(tmp_path):
    pytest.importorskip("albumentations")
    recipe = Recipe(frames=2, validation=2, epochs=1, head_epochs=1, batch_size=2)
    (folder,) = rebuild(tmp_path, recipe, SHIPPED[:1])
    model = load_model(str(folder))
    assert model.spec == SHIPPED[0]
    assert model.classes == SyntheticScenes.classes
    assert (folder / "model.safetensors").stat().st_size < 2e6
    assert (folder / "README.md").is_file()


def test_rebuild_runs_on_one_thread(monkeypatch):
    threads = []
    monkeypatch.setattr(rebuild_checkpoints, "rebuild", lambda progress: threads.append(torch.get_num_threads()))
    before = torch.get_num_threads()
    try:
        rebuild_checkpoints.main()
    finally:
        torch.set_num_threads(before)
    assert threads == [1]
