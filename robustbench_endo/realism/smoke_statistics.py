"""Statistics of smoke from pairs of a clear and a smoky frame of the same scene.

Each tile of a frame in which both frames show the same structure gives the transmission t of a channel as the ratio of
the standard deviations, and the light A (1 - t) that the smoke adds as the offset of the means: I = J t + A (1 - t).
All values are gamma-encoded, in [0, 1].
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from robustbench_endo.errors import DataError, import_optional

Bytes = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]

TILE = 24
"""Side of a tile in pixels."""

FIT_SEQUENCES = ("seq03", "seq08", "seq22", "seq31")
"""Sequences of the DesmokeData pairs to which colours and texture of the corruption ``smoke`` were fitted."""

SAME_SCENE = {"seq05": "seq03", "seq28": "seq31"}
"""Sequence of these pairs -> a fitted one that shows the same tissue: other smoke, but not another patient."""

_CORRELATION = 0.85  # smallest correlation of the frames in a tile, in each channel

_CONTRAST = 0.015  # smallest standard deviation of the clear frame in a tile: below it, noise decides the ratio

_CLIPPED = 0.02  # largest share of the pixels of a tile that are white in either frame

_BLACK = 0.05  # largest share of the pixels of a tile that are black in the clear frame

_THIN = 0.9  # transmission above which the optical depth is less than its error

_SMOOTHING = 1 / 80  # standard deviation, as a share of the short side, of the filter of the rise

_CYCLES = (2, 12)  # frequencies of the spectral slope, in cycles per short side


@dataclass(frozen=True)
class SmokeStatistics:
    """Statistics of smoke, over one or more pairs of frames; nan where no tile is usable.

    Attributes:
        tiles: number of tiles in which the frames show the same structure.
        airlight: red, green and blue of infinitely dense smoke.
        tau_green_red: optical depth of green over that of red, median over the tiles.
        tau_blue_red: optical depth of blue over that of red, median over the tiles.
        depth_mean: optical depth, mean over the tiles and channels.
        depth_p90: its 90th percentile over the tiles.
        lightness_rise: rise of CIE L*, mean over the frames.
        lightness_rise_p90: rise of CIE L*, 90th percentile over the tiles of the frames.
        a_per_lightness: change of a* per rise of L*.
        b_per_lightness: change of b* per rise of L*.
        rise_mean: rise of the mean channel, mean over the frames.
        rise_variation: standard deviation of the rise within a frame over its mean, mean over the frames.
        gradient_median: change of the rise over the side of a tile, median within a frame, mean over the frames.
        gradient_p95: the same for the 95th percentile.
        spectral_slope: exponent of the power spectrum of the rise, mean over the frames.
    """

    tiles: int
    airlight: tuple[float, float, float]
    tau_green_red: float
    tau_blue_red: float
    depth_mean: float
    depth_p90: float
    lightness_rise: float
    lightness_rise_p90: float
    a_per_lightness: float
    b_per_lightness: float
    rise_mean: float
    rise_variation: float
    gradient_median: float
    gradient_p95: float
    spectral_slope: float


@dataclass(frozen=True)
class PairMeasurement:
    """What one pair of frames contributes to :class:`SmokeStatistics`.

    Attributes:
        transmission: (N, 3), of the usable tiles.
        offset: (N, 3), the light that the smoke adds to them.
        lab_rise: (M, 3), changes of CIE L*, a* and b* of all tiles.
        rise: five numbers of the map of the rise: mean, variation, two gradients, slope.
    """

    transmission: Floats
    offset: Floats
    lab_rise: Floats
    rise: Floats


def pair_statistics(clear: Bytes, smoky: Bytes, align: bool = True) -> SmokeStatistics:
    """The statistics of one pair.

    Args:
        clear: frame without smoke, uint8 (H, W, 3) RGB.
        smoky: the same scene in smoke, of the same shape.
        align: register the clear frame to the smoky one by optical flow first; False for synthetic smoke.

    Raises:
        DataError: frames of different or wrong shape or type.
        OptionalDependencyError: ``align`` without OpenCV.

    >>> import numpy as np
    >>> clear = np.random.default_rng(0).integers(40, 160, (96, 120, 3), dtype=np.uint8)
    >>> smoky = np.rint(clear * 0.5 + np.array([245, 205, 230]) * 0.5).astype(np.uint8)
    >>> [round(value, 2) for value in pair_statistics(clear, smoky, align=False).airlight]
    [0.96, 0.8, 0.9]
    """
    return pooled_statistics([measure_pair(clear, smoky, align)])


def measure_pair(clear: Bytes, smoky: Bytes, align: bool = True) -> PairMeasurement:
    """Measure one pair, to pool it with others; arguments and errors as in :func:`pair_statistics`."""
    check_pair(clear, smoky)
    aligned = align_frame(clear, smoky) if align else clear
    before, after = (frame.astype(np.float64) / 255 for frame in (aligned, smoky))
    transmission, offset = tile_transmission(before, after)
    change = cielab(after) - cielab(before)
    lab_rise = _tiles(change).mean(1)
    return PairMeasurement(transmission, offset, lab_rise, rise_structure((after - before).mean(2)))


def pooled_statistics(measurements: Iterable[PairMeasurement]) -> SmokeStatistics:
    """The statistics of several pairs together: all tiles count equally, and all frames.

    Args:
        measurements: at least one.
    """
    items = list(measurements)
    transmission = np.concatenate([item.transmission for item in items])
    offset = np.concatenate([item.offset for item in items])
    dense = (transmission < _THIN).all(1)
    depth = -np.log(np.clip(transmission, 1e-3, 1.0))
    lab = np.mean([item.lab_rise.mean(0) for item in items], axis=0)
    rise = np.mean([item.rise for item in items], axis=0)
    red, green, blue = _airlight(transmission[dense], offset[dense])
    return SmokeStatistics(
        tiles=len(transmission),
        airlight=(red, green, blue),
        tau_green_red=_median(depth[dense, 1] / depth[dense, 0]),
        tau_blue_red=_median(depth[dense, 2] / depth[dense, 0]),
        depth_mean=float(depth.mean()) if len(depth) else float("nan"),
        depth_p90=float(np.percentile(depth.mean(1), 90)) if len(depth) else float("nan"),
        lightness_rise=float(lab[0]),
        lightness_rise_p90=float(np.percentile(np.concatenate([item.lab_rise[:, 0] for item in items]), 90)),
        a_per_lightness=_ratio(lab[1], lab[0]),
        b_per_lightness=_ratio(lab[2], lab[0]),
        rise_mean=float(rise[0]),
        rise_variation=float(rise[1]),
        gradient_median=float(rise[2]),
        gradient_p95=float(rise[3]),
        spectral_slope=float(rise[4]),
    )


def _airlight(transmission: Floats, offset: Floats) -> tuple[float, float, float]:
    """A of offset = A (1 - t), by least squares in each channel."""
    if not len(transmission):
        return float("nan"), float("nan"), float("nan")
    covered = 1.0 - transmission
    red, green, blue = (float(value) for value in (offset * covered).sum(0) / (covered**2).sum(0))
    return red, green, blue


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def _ratio(part: float, total: float) -> float:
    return float(part / total) if total else float("nan")


def check_pair(clear: Bytes, smoky: Bytes) -> None:
    """Raise :class:`DataError` unless both frames are uint8 (H, W, 3) of one shape, of at least two tiles a side."""
    for frame in (clear, smoky):
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or min(frame.shape[:2]) < 2 * TILE:
            raise DataError(
                f"Expected a pair of uint8 RGB frames of at least {2 * TILE} x {2 * TILE} pixels, "
                f"got {frame.dtype} {frame.shape}: convert them first."
            )
    if clear.shape != smoky.shape:
        raise DataError(f"Expected two frames of one size, got {clear.shape} and {smoky.shape}: resize one of them.")


def tile_transmission(clear: Floats, smoky: Floats) -> tuple[Floats, Floats]:
    """Transmission and added light (N, 3) of the tiles in which both frames (H, W, 3) show the same structure."""
    before, after = _tiles(clear), _tiles(smoky)
    mean_before, mean_after = before.mean(1), after.mean(1)
    std_before, std_after = before.std(1), after.std(1)
    product = ((before - mean_before[:, None]) * (after - mean_after[:, None])).mean(1)
    correlation = product / np.maximum(std_before * std_after, 1e-9)
    usable = (correlation > _CORRELATION).all(1) & (std_before > _CONTRAST).all(1)
    for tiles in (before, after):
        usable &= ((tiles > 0.98).mean(1) <= _CLIPPED).all(1)
    usable &= ((before < 0.01).mean(1) <= _BLACK).all(1)
    transmission = std_after[usable] / std_before[usable]
    return transmission, mean_after[usable] - transmission * mean_before[usable]


def _tiles(frame: Floats) -> Floats:
    """(N, pixels, C): the whole tiles of a frame (H, W, C)."""
    rows, columns = frame.shape[0] // TILE, frame.shape[1] // TILE
    blocks = frame[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE, -1)
    return blocks.transpose(0, 2, 1, 3, 4).reshape(rows * columns, TILE * TILE, -1)


def rise_structure(rise: Floats) -> Floats:
    """Mean, variation, median and 95th percentile of the gradient, and spectral slope of a map (H, W) of the rise."""
    side = min(rise.shape)
    smooth = gaussian_filter(rise, side * _SMOOTHING)
    slope_y, slope_x = np.gradient(smooth)
    gradient = np.hypot(slope_x, slope_y) * TILE
    mean = float(smooth.mean())
    variation = float(smooth.std()) / abs(mean) if mean else float("nan")
    return np.array([mean, variation, *np.percentile(gradient, (50, 95)), spectral_slope(smooth)])


def spectral_slope(field: Floats) -> float:
    """Exponent of the radial power spectrum of a map (H, W), from 2 to 11 cycles per short side."""
    height, width = field.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    power = np.abs(np.fft.rfft2((field - field.mean()) * window)) ** 2
    side = min(height, width)
    radius = np.hypot(np.fft.fftfreq(height)[:, None] * side, np.fft.rfftfreq(width)[None] * side)
    cycles = np.arange(*_CYCLES)
    means = [power[(radius >= k - 0.5) & (radius < k + 0.5)].mean() for k in cycles]
    if min(means) <= 0.0:
        return float("nan")
    return float(np.polyfit(np.log(cycles), np.log(means), 1)[0])


def cielab(frame: Floats) -> Floats:
    """CIE L*, a* and b* (H, W, 3), white point D65, of gamma-encoded sRGB in [0, 1].

    >>> cielab(np.ones((1, 1, 3))).round(1) + 0.0
    array([[[100.,   0.,   0.]]])
    """
    linear = np.where(frame <= 0.04045, frame / 12.92, ((frame + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _XYZ_OF_RGB.T / _XYZ_OF_RGB.sum(1)
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), axis=-1)


_XYZ_OF_RGB = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def align_frame(clear: Bytes, smoky: Bytes) -> Bytes:
    """Register ``clear`` to ``smoky`` by dense optical flow (DIS, Kroeger et al., ECCV 2016).

    The flow is that of the grey levels with the local mean removed and the local contrast equal, which smoke changes.
    """
    cv2 = import_optional("cv2", purpose="aligning frames", extra="train")
    estimator = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow = estimator.calc(_equal_contrast(smoky), _equal_contrast(clear), None)
    flow = gaussian_filter(flow, (4, 4, 0))
    y, x = np.indices(clear.shape[:2], np.float32)
    positions = (x + flow[..., 0], y + flow[..., 1])
    aligned: Bytes = cv2.remap(clear, *positions, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return aligned


def _equal_contrast(frame: Bytes) -> Bytes:
    grey = frame.mean(2)
    mean = gaussian_filter(grey, 12)
    spread = np.sqrt(np.maximum(gaussian_filter(grey * grey, 12) - mean * mean, 0.0)) + 3.0
    levels: Bytes = np.clip(128 + 45 * (grey - mean) / spread, 0, 255).astype(np.uint8)
    return levels
