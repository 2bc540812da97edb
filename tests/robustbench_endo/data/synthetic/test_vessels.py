import numpy as np
import pytest

from robustbench_endo.data.synthetic.low_frequency_noise import sample_noise_table
from robustbench_endo.data.synthetic.vessels import embed_duct, paint_vessels, sample_duct, sample_vessels, trace_duct

SIZE = (64, 80)


def test_sample_vessels_branches_and_becomes_thinner() -> None:
    segments = sample_vessels(np.random.default_rng(0), 3)
    assert segments.shape == (3 * 14 * (1 + 2 + 4 + 8), 6)
    lengths = np.hypot(*(segments[:, 2:4] - segments[:, :2]).T)
    assert lengths[: 3 * 14] == pytest.approx(0.024)
    assert segments[-14:, 4].max() < segments[: 3 * 14, 4].max()


def test_paint_vessels_darkens_green_more_than_red() -> None:
    albedo = np.full((*SIZE, 3), 0.6)
    paint_vessels(np.array([[-0.2, 0.0, 0.2, 0.0, 0.02, 0.75]]), albedo)
    changed = albedo[..., 0] < 0.6
    assert changed[31:33, 30:50].all()
    assert not changed[:20].any()
    assert (albedo[changed][:, 1] < albedo[changed][:, 0]).all()


def test_duct_pulled_moves_and_pinches_the_station() -> None:
    duct = sample_duct(np.random.default_rng(0), (0.8, 0.5, 0.5), 0.05)
    pulled = duct.pulled(0.1, np.array([0.0, 0.1]))
    assert pulled.at(0.1) - duct.at(0.1) == pytest.approx([0.0, 0.1], abs=0.01)
    assert pulled.radii.min() < 0.8 * duct.radii.min()
    assert duct.distance(duct.at(0.1)[None]) < 0.02
    assert np.linalg.norm(duct.normal(0.1)) == pytest.approx(1)


def test_trace_and_embed_duct_change_only_its_surroundings() -> None:
    duct = sample_duct(np.random.default_rng(0), (0.8, 0.5, 0.5), 0.06)
    depth, along = np.full(SIZE, -np.inf), np.empty(SIZE)
    trace_duct(duct.points, duct.radii, depth, along)
    inside, outside = depth >= 0.02, np.isneginf(depth)
    assert inside.any()
    assert outside.any()
    assert depth.max() == pytest.approx(duct.radii.max(), rel=0.3)
    fields = {name: np.full(SIZE, -1.0) for name in ("height", "gloss", "crease")}
    albedo = np.full((*SIZE, 3), -1.0)
    noise = sample_noise_table(np.random.default_rng(1))
    height, gloss, crease = fields.values()
    embed_duct(noise, duct.colour, duct.radii, depth, along, height, albedo, gloss, crease)
    assert (albedo[inside] > 0).all()
    assert (gloss[inside] == 1).all()
    for field in (*fields.values(), albedo):
        assert (field[outside] == -1).all()
