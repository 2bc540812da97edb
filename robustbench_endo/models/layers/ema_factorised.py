"""EMA over a lifted image, without ever forming the lifted image: equal output, a fraction of the memory and work.

SMA's map x has rank J = 4: x[c, n, d] = sum_j y[c, n, j] w[d, j], with y three filtered colours and a one, and w the
weights and biases of the 1 x 1 convolution that lifts them to d channels. Every step of EMA is either linear in x or a
product with gates that are themselves separable in n (patch) and d (channel), so sums over (n, d) split into a sum
over n times a sum over d. The largest tensors left are maps (N, d), 1 / p^2 of x.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from robustbench_endo.models.layers.ema import EMA

OFFSETS = (-1, 0, 1)


def attention(ema: EMA, y: Tensor, w: Tensor) -> Tensor:
    """The gate that ``ema`` puts on x, (B, N, d) in (0, 1).

    Args:
        y: factor of the patches, (B, C, N, J).
        w: factor of the lifted channels, (d, J).
    """
    by_patch, by_channel = _directional_gates(ema, y, w)
    mean, variance = _moments(y, w, by_patch, by_channel)
    scale = ema.gn.weight * (variance + ema.gn.eps).rsqrt()
    # A normalised channel has the mean of its shift, so the softmax needs no map.
    share_directional = ema.gn.bias.softmax(dim=0)
    share_local = _mean_local(ema, y, w).softmax(dim=-1)
    local = _local(ema, y, w, share_directional)
    directional = _gated_sum(share_local * scale, by_patch, by_channel, y, w)
    constant = (share_local * (ema.gn.bias - scale * mean)).sum(dim=-1)
    return (local + directional + constant[:, None, None]).sigmoid()


def _directional_gates(ema: EMA, y: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    """Sigmoid gates from the means over d, (B, C, N), and over the patches, (B, C, d)."""
    mix, bias = ema.conv1x1.weight.flatten(1), ema.conv1x1.bias
    assert bias is not None
    rows = mix @ (y @ w.mean(dim=0)) + bias[:, None]
    columns = mix @ (y.mean(dim=2) @ w.T) + bias[:, None]
    return rows.sigmoid(), columns.sigmoid()


def _moments(y: Tensor, w: Tensor, by_patch: Tensor, by_channel: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance over (n, d) of x times both gates, (B, C); in double, for the difference of squares."""
    wide = torch.float32 if y.device.type == "mps" else torch.float64
    count = y.shape[2] * w.shape[0]
    left = (by_patch[..., None] * y).to(wide)
    right = (by_channel[..., None] * w).to(wide)
    mean = (left.sum(dim=2) * right.sum(dim=2)).sum(dim=-1) / count
    square = ((left.mT @ left) * (right.mT @ right)).sum(dim=(-2, -1)) / count
    return mean.to(y.dtype), (square - mean.square()).clamp_min(0).to(y.dtype)


def _mean_local(ema: EMA, y: Tensor, w: Tensor) -> Tensor:
    """Mean over (n, d) of the 3 x 3 branch, (B, C): per tap a sum of x less the border that the tap does not see."""
    bias = ema.conv3x3.bias
    assert bias is not None
    patches = torch.stack([_seen(y, offset, dim=2).sum(dim=2) for offset in OFFSETS], dim=1)
    channels = torch.stack([_seen(w, offset, dim=0).sum(dim=0) for offset in OFFSETS])
    taps = torch.einsum("bycj,xj->bcyx", patches, channels)
    return torch.einsum("ocyx,bcyx->bo", ema.conv3x3.weight, taps) / (y.shape[2] * w.shape[0]) + bias


def _local(ema: EMA, y: Tensor, w: Tensor, share: Tensor) -> Tensor:
    """The 3 x 3 branch summed over its outputs with weights ``share``, (B, N, d): one output instead of C."""
    batch, positions, patches, rank = y.shape
    bias = ema.conv3x3.bias
    assert bias is not None
    kernel = torch.einsum("o,ocyx->xcy", share, ema.conv3x3.weight)
    along_patches = F.conv1d(y.permute(0, 3, 1, 2).reshape(batch * rank, positions, patches), kernel, padding=1)
    left = along_patches.reshape(batch, rank * len(OFFSETS), patches)
    padded = F.pad(w, (0, 0, 1, 1))
    right = torch.stack([padded[1 + offset : 1 + offset + len(w)] for offset in OFFSETS], dim=0)
    return left.mT @ right.permute(2, 0, 1).reshape(rank * len(OFFSETS), len(w)) + share @ bias


def _gated_sum(weight: Tensor, by_patch: Tensor, by_channel: Tensor, y: Tensor, w: Tensor) -> Tensor:
    """Sum over the positions c of weight_c times x times both gates, (B, N, d)."""
    left = ((weight[..., None] * by_patch)[..., None] * y).permute(0, 2, 1, 3).flatten(2)
    right = (by_channel[:, :, None] * w.T).flatten(1, 2)
    return left @ right


def _seen(x: Tensor, offset: int, dim: int) -> Tensor:
    """What a zero-padded tap at ``offset`` sees along ``dim``."""
    return x.narrow(dim, max(offset, 0), x.shape[dim] - abs(offset))
