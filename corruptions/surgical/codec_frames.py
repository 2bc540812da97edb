"""Batches of values in [0, 1] through codecs that take 8-bit levels; planes of video codecs (BT.709, 4:2:0)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Bytes, Floats
from robustbench_endo.corruptions.kernels.host_values import upload

Planes = tuple[Bytes, Bytes, Bytes]
"""Y (H, W), Cb and Cr (H / 2, W / 2)."""

_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722  # luma of ITU-R BT.709
_LUMA, _CHROMA = 219.0 / 255.0, 224.0 / 255.0  # studio range


def round_trip(images: Tensor, code: Callable[[Bytes, int], Bytes]) -> Tensor:
    """Each of ``images`` (B, 3, H, W), rounded to 8-bit levels, after ``code``.

    The codecs run on the host. A batch on a GPU is therefore copied there and back, once each, as 8-bit levels and
    through pinned memory; the host waits for the first copy only.

    Args:
        images: in [0, 1], on any device.
        code: takes a frame (H, W, 3) and its index in the batch, and returns the decoded frame.
    """
    frames = _on_host(images.mul(255.0).round_().to(torch.uint8).permute(0, 2, 3, 1).contiguous()).numpy()
    decoded = torch.from_numpy(np.stack([code(frame, index) for index, frame in enumerate(frames)]))
    (levels,) = upload((decoded,), images.device)
    return levels.permute(0, 3, 1, 2).contiguous().float().div_(255.0)


def _on_host(levels: Tensor) -> Tensor:
    """A contiguous tensor of any device on the host, through pinned memory."""
    if levels.device.type != "cuda":
        return levels.cpu()
    return torch.empty(levels.shape, dtype=levels.dtype, pin_memory=True).copy_(levels)


def to_planes_420(frame: Bytes) -> Planes:
    """The planes (BT.709, studio range) of a frame (H, W, 3) with even sides; chroma is the mean of 2 x 2 pixels."""
    red, green, blue = (frame[..., channel].astype(np.float32) for channel in range(3))
    luma = np.float32(_RED) * red + np.float32(_GREEN) * green + np.float32(_BLUE) * blue
    cb, cr = (
        _rounded(_halved(colour - luma) * np.float32(_CHROMA / (2 * (1 - share))) + np.float32(128))
        for colour, share in ((blue, _BLUE), (red, _RED))
    )
    return _rounded(luma * np.float32(_LUMA) + np.float32(16)), cb, cr


def from_planes_420(planes: Planes) -> Bytes:
    """Inverse of :func:`to_planes_420`: (H, W, 3); a value of the chroma applies to 2 x 2 pixels."""
    luma, cb, cr = (plane.astype(np.float32) for plane in planes)
    luma = (luma - np.float32(16)) / np.float32(_LUMA)
    red = (cr - np.float32(128)) * np.float32(2 * (1 - _RED) / _CHROMA)
    blue = (cb - np.float32(128)) * np.float32(2 * (1 - _BLUE) / _CHROMA)
    green: Floats = (red * np.float32(_RED) + blue * np.float32(_BLUE)) * np.float32(-1 / _GREEN)
    return np.stack([_rounded(luma + _doubled(difference)) for difference in (red, green, blue)], axis=-1)


def _halved(plane: Floats) -> Floats:
    return (plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]) * np.float32(0.25)


def _doubled(plane: Floats) -> Floats:
    return plane.repeat(2, axis=0).repeat(2, axis=1)


def _rounded(plane: Floats) -> Bytes:
    levels: Bytes = np.rint(plane.clip(0, 255)).astype(np.uint8)
    return levels
