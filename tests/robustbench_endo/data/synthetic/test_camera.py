import numpy as np

from robustbench_endo.data.synthetic.camera import apply_camera
from robustbench_endo.data.synthetic.patient import Scope


def scope(**options: float) -> Scope:
    values = {"x": 0.0, "y": 0.0, "radius": 2.0, "vignette": 0.0, "detail": 0.0, "grain": 0.0, "cast": np.ones(3)}
    return Scope(**(values | options))


def camera(rgb: np.ndarray, **options: float) -> tuple[np.ndarray, np.ndarray]:
    mask = np.ones(rgb.shape[:2], np.uint8)
    return apply_camera(rgb, mask, scope(**options), np.random.default_rng(0)), mask


def test_apply_camera_keeps_mid_grey_and_compresses_highlights() -> None:
    frame, mask = camera(np.full((32, 40, 3), 0.5))
    assert frame.shape == (3, 32, 40)
    assert set(frame.ravel()) == {128}
    assert mask.all()
    bright = camera(np.full((32, 40, 3), 3.0))[0]
    assert 220 < bright.min() < 255


def test_apply_camera_is_black_background_outside_the_circle() -> None:
    frame, mask = camera(np.full((64, 64, 3), 0.5), radius=0.4)
    rows, columns = np.indices((64, 64))
    distance = np.hypot(rows - 31.5, columns - 31.5) / 64
    assert (frame[:, distance > 0.43] == 0).all()
    assert (frame[:, distance < 0.37] == 128).all()
    assert ((mask == 0) == (distance > 0.4)).mean() > 0.99


def test_apply_camera_applies_white_balance_vignette_and_noise() -> None:
    flat = np.full((64, 64, 3), 0.5)
    red, green, _ = camera(flat, cast=np.array([1.0, 0.5, 1.0]))[0]
    assert green.mean() < 0.6 * red.mean()
    dimmed = camera(flat, vignette=0.7)[0]
    assert dimmed[0, 0, 0] < dimmed[0, 32, 32]
    noisy = camera(flat, grain=0.05)[0]
    assert noisy.std() > 3
