"""Structural similarity of masks and of images on a GPU, with no map in memory.

Each thread walks down a column: it sums the eleven weighted pixels of a row and adds the sum to the windows of the
eleven rows around it, of which the first is then complete. Every program writes a sum of its own in float64, so that
results do not depend on the order of programs. Import this module only where :func:`.triton_support.use_triton` is
true.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import on_device
from robustbench_endo.metrics.ssim_window import C1, C2, LUMA, RADIUS, WINDOW

_MASK_TILE, _IMAGE_TILE = (32, 64), (64, 128)
"""Rows with scores, and columns of the windows, one for each thread. Tiles of masks are small, because only those
near an edge need a computation."""

_MARGIN = tl.constexpr(2 * RADIUS)
_WEIGHTS = tl.constexpr(tuple(WINDOW.tolist()))
_LUMA = tl.constexpr(LUMA)
_C1, _C2 = tl.constexpr(C1), tl.constexpr(C2)


def mask_ssim(pred: Tensor, target: Tensor, num_classes: int) -> Tensor:
    """:func:`.mask_ssim_gpu.mask_ssim_gpu`, float64 (B, C)."""
    pred, target = pred.contiguous(), target.contiguous()
    batch, height, width = pred.shape
    down, across = _tiles(height, width, _MASK_TILE)
    out = pred.new_full((batch, num_classes, down * across), torch.nan, dtype=torch.float64)
    with on_device(pred.device):
        _mask_ssim[(batch * down * across,)](
            pred, target, out, num_classes, height, width, across, down * across, *_MASK_TILE, num_warps=2,
            enable_fp_fusion=True,
        )  # fmt: skip
    scores = 1 - out.nansum(2) / ((height - 2 * RADIUS) * (width - 2 * RADIUS))
    return torch.where(out.isnan().all(2), torch.nan, scores)


def compare_images(clean: Tensor, images: Tensor) -> Tensor:
    """:meth:`.image_similarity_gpu.ReferenceOnDevice.compare` of float32 (B, 3, H, W), float64 (2, B)."""
    clean, images = clean.contiguous(), images.contiguous()
    batch, _, height, width = clean.shape
    down, across = _tiles(height, width, _IMAGE_TILE)
    out = clean.new_empty((2, batch, down * across), dtype=torch.float64)
    with on_device(clean.device):
        _compare_images[(batch * down * across,)](
            clean, images, out, batch, height, width, across, down * across, *_IMAGE_TILE, num_warps=4,
            enable_fp_fusion=True,
        )  # fmt: skip
    dissimilarity, error = out.sum(2)
    scored = (height - 2 * RADIUS) * (width - 2 * RADIUS)
    return torch.stack((1 - dissimilarity / scored, error / (3 * height * width)))


def _tiles(height: int, width: int, tile: tuple[int, int]) -> tuple[int, int]:
    rows, columns = tile
    return triton.cdiv(height - 2 * RADIUS, rows), triton.cdiv(width - 2 * RADIUS, columns - 2 * RADIUS)


@triton.jit
def _add_row(sums, row):  # type: ignore[no-untyped-def]
    """The sum of the window whose last row this is, and the sums of the next ten."""
    return sums[0] + _WEIGHTS[10] * row, (
        sums[1] + _WEIGHTS[9] * row,
        sums[2] + _WEIGHTS[8] * row,
        sums[3] + _WEIGHTS[7] * row,
        sums[4] + _WEIGHTS[6] * row,
        sums[5] + _WEIGHTS[5] * row,
        sums[6] + _WEIGHTS[4] * row,
        sums[7] + _WEIGHTS[3] * row,
        sums[8] + _WEIGHTS[2] * row,
        sums[9] + _WEIGHTS[1] * row,
        _WEIGHTS[0] * row,
    )


@triton.jit
def _dissimilarity(x, y, xx, yy, xy):  # type: ignore[no-untyped-def]
    """1 - SSIM from window means, in float64, because differences of means lose digits."""
    x, y = x.to(tl.float64), y.to(tl.float64)
    products, squares = x * y, x * x + y * y
    variances, covariance = xx.to(tl.float64) + yy.to(tl.float64) - squares, xy.to(tl.float64) - products
    return 1 - (2 * products + _C1) * (2 * covariance + _C2) / ((squares + _C1) * (variances + _C2))


@triton.jit(do_not_specialize=("pred", "target", "out", "classes", "height", "width", "across", "tiles"))
def _mask_ssim(  # type: ignore[no-untyped-def]
    pred, target, out, classes, height, width, across, tiles, rows: tl.constexpr, columns: tl.constexpr
):
    """1 - SSIM, summed over the pixels of a tile, of the classes that occur in it; the others keep their value."""
    image, tile = (tl.program_id(0) // tiles).to(tl.int64), tl.program_id(0) % tiles
    top, left = tile // across * rows, tile % across * (columns - _MARGIN)
    bottom = tl.minimum(top + rows + _MARGIN, height)
    x = left + tl.arange(0, columns)
    inside = x < width
    pred += image * height * width
    target += image * height * width
    lowest, highest = tl.full((columns,), 255, tl.int32), tl.full((columns,), -1, tl.int32)
    for y in range(top, bottom):
        p = tl.load(pred + y * width + x, mask=inside, other=255).to(tl.int32)
        t = tl.load(target + y * width + x, mask=inside, other=255).to(tl.int32)
        lowest = tl.minimum(lowest, tl.minimum(p, t))
        highest = tl.maximum(highest, tl.maximum(tl.where(p < classes, p, -1), tl.where(t < classes, t, -1)))
    used_columns = tl.minimum(columns, width - left)
    pixels = (bottom - top) * used_columns
    scores = (bottom - top - _MARGIN) * (used_columns - _MARGIN)
    for c in range(tl.min(lowest, 0), tl.max(highest, 0) + 1):
        counts = tl.zeros((columns,), tl.int32)  # of both maps: at most 42 rows, so that 16 bits each suffice
        for y in range(top, bottom):
            p = tl.load(pred + y * width + x, mask=inside, other=255) == c
            t = tl.load(target + y * width + x, mask=inside, other=255) == c
            counts += p.to(tl.int32) + (t.to(tl.int32) << 16)
        total = tl.sum(counts, 0)
        in_pred, in_target = total & 0xFFFF, total >> 16
        if total > 0:
            constant = ((in_pred == 0) | (in_pred == pixels)) & ((in_target == 0) | (in_target == pixels))
            result = tl.where(in_pred == in_target, 0.0, scores.to(tl.float64) / (1 + _C1))
            if not constant:
                result = _edge_tile(pred, target, c, top, bottom, left, width, columns)
            tl.store(out + (image * classes + c) * tiles + tile, result)


@triton.jit
def _edge_tile(pred, target, c, top, bottom, left, width, columns: tl.constexpr):  # type: ignore[no-untyped-def]
    """1 - SSIM of the masks of a class, summed over the pixels of a tile of the maps of an image."""
    x = left + tl.arange(0, columns)
    scored = (x < width - _MARGIN) & (x < left + columns - _MARGIN)
    x = tl.minimum(x, width - _MARGIN - 1)  # threads without a score need no mask of what they load
    zero = tl.zeros((columns,), tl.float32)
    sums_x = (zero, zero, zero, zero, zero, zero, zero, zero, zero, zero)
    sums_y, sums_xy = sums_x, sums_x
    total = tl.zeros((columns,), tl.float64)
    for y in range(top, bottom):
        row_pred, row_target = pred + y * width + x, target + y * width + x
        row_x, row_y, row_xy = zero, zero, zero
        for k in tl.static_range(11):
            p, t = tl.load(row_pred + k) == c, tl.load(row_target + k) == c
            row_x += tl.where(p, _WEIGHTS[k], 0.0)
            row_y += tl.where(t, _WEIGHTS[k], 0.0)
            row_xy += tl.where(p & t, _WEIGHTS[k], 0.0)
        mean_x, sums_x = _add_row(sums_x, row_x)
        mean_y, sums_y = _add_row(sums_y, row_y)
        mean_xy, sums_xy = _add_row(sums_xy, row_xy)
        if y >= top + _MARGIN:  # masks are 0 or 1, so x^2 = x
            total += tl.where(scored, _dissimilarity(mean_x, mean_y, mean_x, mean_y, mean_xy), 0.0)
    return tl.sum(total, 0)


@triton.jit(do_not_specialize=("clean", "images", "out", "batch", "height", "width", "across", "tiles"))
def _compare_images(  # type: ignore[no-untyped-def]
    clean, images, out, batch, height, width, across, tiles, rows: tl.constexpr, columns: tl.constexpr
):
    """1 - SSIM of the luma, summed over the pixels of a tile with a score, and the squared error of those it owns."""
    image, tile = (tl.program_id(0) // tiles).to(tl.int64), tl.program_id(0) % tiles
    top, left = tile // across * rows, tile % across * (columns - _MARGIN)
    bottom, size = tl.minimum(top + rows + _MARGIN, height), height * width
    own_x = left + tl.arange(0, columns)
    scored = (own_x < width - _MARGIN) & (own_x < left + columns - _MARGIN)
    x = tl.minimum(own_x, width - _MARGIN - 1)  # threads without a score need no mask of what they load
    # The last tiles own the margin, too.
    own_right = tl.where(left + columns >= width, width, left + columns - _MARGIN)
    own_bottom = tl.where(bottom == height, height, top + rows)
    owned = own_x < own_right
    clean += image * 3 * size
    images += image * 3 * size
    zero = tl.zeros((columns,), tl.float32)
    sums_x = (zero, zero, zero, zero, zero, zero, zero, zero, zero, zero)
    sums_y, sums_xx, sums_yy, sums_xy = sums_x, sums_x, sums_x, sums_x
    total, error = tl.zeros((columns,), tl.float64), tl.zeros((columns,), tl.float64)
    for y in range(top, bottom):
        row_clean, row_images = clean + y * width + x, images + y * width + x
        row_x, row_y, row_xx, row_yy, row_xy = zero, zero, zero, zero, zero
        for k in tl.static_range(11):
            a, b = _luma(row_clean + k, size), _luma(row_images + k, size)
            weighted_a, weighted_b = _WEIGHTS[k] * a, _WEIGHTS[k] * b
            row_x, row_y = row_x + weighted_a, row_y + weighted_b
            row_xx, row_yy, row_xy = row_xx + weighted_a * a, row_yy + weighted_b * b, row_xy + weighted_a * b
        mean_x, sums_x = _add_row(sums_x, row_x)
        mean_y, sums_y = _add_row(sums_y, row_y)
        mean_xx, sums_xx = _add_row(sums_xx, row_xx)
        mean_yy, sums_yy = _add_row(sums_yy, row_yy)
        mean_xy, sums_xy = _add_row(sums_xy, row_xy)
        if y >= top + _MARGIN:
            total += tl.where(scored, _dissimilarity(mean_x, mean_y, mean_xx, mean_yy, mean_xy), 0.0)
        if y < own_bottom:
            for c in tl.static_range(3):
                at = c * size + y * width + own_x
                a = tl.load(clean + at, mask=owned, other=0.0)
                b = tl.load(images + at, mask=owned, other=0.0)
                error += ((a - b) * (a - b)).to(tl.float64)
    tl.store(out + image * tiles + tile, tl.sum(total, 0))
    tl.store(out + (batch + image) * tiles + tile, tl.sum(error, 0))


@triton.jit
def _luma(red, size):  # type: ignore[no-untyped-def]
    green, blue = red + size, red + 2 * size
    return _LUMA[0] * tl.load(red) + _LUMA[1] * tl.load(green) + _LUMA[2] * tl.load(blue)
