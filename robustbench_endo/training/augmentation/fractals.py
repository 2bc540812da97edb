"""Mixing images for PixMix: fractals and noise, generated from a seed, so that nothing is downloaded.

Three kinds take turns: attractors of iterated function systems (the chaos game), Julia sets, and noise with a 1/f
spectrum. All are coloured by smooth random palettes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

COUNT = 96
"""Different mixing images of one size."""

_STREAM = 0xF4AC
_POINTS, _STEPS, _BURN_IN = 4000, 60, 15
_ITERATIONS = 40

Field = NDArray[np.floating[Any]]


@lru_cache(maxsize=2 * COUNT)
def mixing_image(index: int, height: int, width: int) -> NDArray[np.float32]:
    """A mixing image, a pure function of the arguments.

    Args:
        index: number of the image; its kind is ``index % 3``.
        height, width: in pixels.

    Returns:
        float32 (3, H, W) in [0, 1]; it is shared between calls and must not be changed.

    >>> image = mixing_image(0, 24, 32)
    >>> image.shape, bool(image.min() >= 0), bool(image.max() <= 1)
    ((3, 24, 32), True, True)
    """
    rng = np.random.default_rng([index, _STREAM])
    light, tone = _KINDS[index % len(_KINDS)](height, width, rng)
    frequency, phase = rng.uniform(0.5, 2.0, (3, 1, 1)), rng.uniform(0, 1, (3, 1, 1))
    palette = 0.5 + 0.5 * np.cos(2 * np.pi * (frequency * tone + phase))
    image: NDArray[np.float32] = (light * palette).clip(0, 1).astype(np.float32)
    image.setflags(write=False)
    return image


def _attractor(height: int, width: int, rng: np.random.Generator) -> tuple[Field, Field]:
    """Density and colour of random points under two to four contracting affine maps (Barnsley, 1988)."""
    count = int(rng.integers(2, 5))
    turns, scales = np.linalg.qr(rng.normal(size=(count, 2, 2)))[0], rng.uniform(0.3, 0.85, (count, 1, 2))
    maps, shifts, tones = turns * scales, rng.uniform(-0.7, 0.7, (count, 2)), rng.uniform(0, 1, count)
    points, tone = rng.uniform(-1, 1, (_POINTS, 2)), np.zeros(_POINTS)
    visited, colours = [], []
    for step in range(_STEPS):
        selected = rng.integers(0, count, _POINTS)
        points = np.einsum("nij,nj->ni", maps[selected], points) + shifts[selected]
        tone = (tone + tones[selected]) / 2
        if step >= _BURN_IN:
            visited.append(points)
            colours.append(tone)
    rows, columns = np.concatenate(visited).T
    extent = [[rows.min(), rows.max() + 1e-9], [columns.min(), columns.max() + 1e-9]]
    density = np.histogram2d(rows, columns, (height, width), extent)[0]
    total = np.histogram2d(rows, columns, (height, width), extent, weights=np.concatenate(colours))[0]
    return np.log1p(density) / np.log1p(density.max()), total / np.maximum(density, 1)


def _julia(height: int, width: int, rng: np.random.Generator) -> tuple[Field, Field]:
    """Escape times of ``z -> z^2 + c`` with ``c`` near the border of the Mandelbrot set."""
    angle = rng.uniform(0, 2 * np.pi)
    c = 1.05 * (0.5 * np.exp(1j * angle) - 0.25 * np.exp(2j * angle))
    zoom = rng.uniform(0.6, 1.5)
    rows, columns = np.meshgrid(np.linspace(-zoom, zoom, height), np.linspace(-zoom, zoom, width), indexing="ij")
    z = columns + 1j * rows
    time = np.zeros((height, width))
    for _ in range(_ITERATIONS):
        inside = np.abs(z) < 4
        time += inside
        z = np.where(inside, z * z + c, z)
    tone = time / _ITERATIONS
    return np.sqrt(tone), tone


def _spectrum(height: int, width: int, rng: np.random.Generator) -> tuple[Field, Field]:
    """Two fields of noise whose amplitude falls with the frequency to the power of 1 to 2."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    falloff = np.maximum(frequency, 1 / max(height, width)) ** -rng.uniform(1, 2)

    def field() -> Field:
        noise = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(height, width))) * falloff, (height, width))
        smooth: Field = (noise - noise.min()) / np.ptp(noise)
        return smooth

    return field(), field()


_KINDS: tuple[Callable[[int, int, np.random.Generator], tuple[Field, Field]], ...] = (_attractor, _julia, _spectrum)
