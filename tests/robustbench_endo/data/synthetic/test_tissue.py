import numpy as np

from robustbench_endo.data.synthetic.patient import Patient
from robustbench_endo.data.synthetic.tissue import paint_tissue
from robustbench_endo.data.synthetic.view import View

SIZE = (64, 80)


def paint(patient: Patient, view: View) -> tuple[np.ndarray, ...]:
    height, gloss, crease = (np.full(SIZE, np.nan) for _ in range(3))
    albedo = np.full((*SIZE, 3), np.nan)
    paint_tissue(patient.tissue, view, height, albedo, gloss, crease)
    return height, albedo, gloss, crease


def test_paint_tissue_fills_every_field_in_its_range(patient: Patient) -> None:
    height, albedo, gloss, crease = paint(patient, View(1.0, 2.0, 1.0, 0.0, 1.0, 0.3))
    assert np.isfinite(height).all()
    assert 0 < albedo.min() < albedo.max() < 1.5
    assert albedo[..., 0].mean() > albedo[..., 1:].mean()
    assert 0 <= crease.min() <= crease.max() <= 1
    assert gloss.min() >= 0


def test_paint_tissue_moves_with_the_view(patient: Patient) -> None:
    """Half a frame to the right, the left half shows what the right half showed before."""
    first = paint(patient, View(0.0, 0.0, 1.0, 0.0, 1.0, 0.0))[0]
    moved = paint(patient, View(40 / 64, 0.0, 1.0, 0.0, 1.0, 0.0))[0]
    assert np.corrcoef(first[:, 40:].ravel(), moved[:, :40].ravel())[0, 1] > 0.99
