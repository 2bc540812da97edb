"""Spatially-aware multi-scale attention (SMA): the module of EndoARSS before the patch embedding.

Source: EndoARSS, arXiv 2506.06830, section on the SMA module (there: n = 3, d = 512, p = 7).

Source: Ouyang et al., "Efficient Multi-Scale Attention Module with Cross-Spatial Learning", ICASSP 2023.

SMA's map x has rank J = 4: x[c, n, d] = sum_j y[c, n, j] w[d, j], with y three filtered colours and a one, and w the
weights and biases of the 1 x 1 convolution that lifts them to d channels. Every step of EMA is either linear in x or a
product with gates that are themselves separable in n (patch) and d (channel), so sums over (n, d) split into a sum
over n times a sum over d. The largest tensors left are maps (N, d), 1 / p^2 of x.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class EMA(nn.Module):
    """Attention over the C channels of a map (B, C, H, W), all in one group.

    Every channel is normalised separately: a group norm of C groups.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gn = nn.GroupNorm(channels, channels)
        self.conv1x1 = nn.Conv2d(channels, channels, 1)
        self.conv3x3 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W): the input times a gate in (0, 1) that is one map for all channels."""
        directional = self.gn(x * self._directional_gate(x))
        local = self.conv3x3(x)
        weights = _cross(directional, local) + _cross(local, directional)
        return x * weights.sigmoid()

    def _directional_gate(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        rows = x.mean(dim=3, keepdim=True)
        columns = x.mean(dim=2, keepdim=True).transpose(2, 3)
        mixed = self.conv1x1(torch.cat([rows, columns], dim=2))
        rows, columns = mixed.split([height, width], dim=2)
        gate: Tensor = rows.sigmoid() * columns.transpose(2, 3).sigmoid()
        return gate


def _cross(summary: Tensor, detail: Tensor) -> Tensor:
    """One branch's globally pooled channels weigh the other branch's positions: (B, 1, H, W)."""
    share = summary.mean(dim=(2, 3)).softmax(dim=-1)
    return torch.einsum("bc,bchw->bhw", share, detail).unsqueeze(1)


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
    """Mean over (n, d) of the 3 x 3 branch, (B, C): per tap a sum of x less the border that the tap does not read."""
    bias = ema.conv3x3.bias
    assert bias is not None
    patches = torch.stack([_visible_part(y, offset, dim=2).sum(dim=2) for offset in OFFSETS], dim=1)
    channels = torch.stack([_visible_part(w, offset, dim=0).sum(dim=0) for offset in OFFSETS])
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


def _visible_part(x: Tensor, offset: int, dim: int) -> Tensor:
    """The part of ``x`` that a zero-padded tap at ``offset`` reads along ``dim``."""
    return x.narrow(dim, max(offset, 0), x.shape[dim] - abs(offset))


def to_multiple(images: Tensor, multiple: int) -> Tensor:
    """(B, C, H, W) with the last row and column repeated until both sides are multiples."""
    below, right = -images.shape[2] % multiple, -images.shape[3] % multiple
    return F.pad(images, (0, right, 0, below), mode="replicate") if below or right else images


class SMA(nn.Module):
    """Image in, image out (3 channels), of any size: padded to whole patches, cropped back.

    Args:
        dim: channels d that the image is lifted to.
        patch: side p of a patch; the attention runs over its p * p pixel positions.
        kernel: side n of the first and last convolution.
        factorised: never form the image of d channels (see :mod:`.sma`); the same output up to rounding.
    """

    def __init__(self, dim: int, patch: int, kernel: int = 3, factorised: bool = True) -> None:
        super().__init__()
        self.patch = patch
        self.factorised = factorised
        self.conv1 = nn.Conv2d(3, 3, kernel, padding="same")
        self.conv2 = nn.Conv2d(3, dim, 1)
        self.ema = EMA(patch * patch)
        self.conv3 = nn.Conv2d(dim, 3, 1)
        self.conv4 = nn.Conv2d(6, 3, kernel, padding="same")

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 3, H, W)."""
        height, width = images.shape[2:]
        x = to_multiple(images, self.patch)
        filtered = self.conv1(x)
        attended = self._attend_factorised(filtered) if self.factorised else self._attend(filtered)
        mixed: Tensor = self.conv4(torch.cat([x, attended], dim=1))
        return mixed[..., :height, :width]

    def _attend(self, x: Tensor) -> Tensor:
        positions = unfold(self.conv2(x), self.patch)
        attended: Tensor = self.conv3(fold(self.ema(positions), self.patch, (x.shape[2], x.shape[3])))
        return attended

    def _attend_factorised(self, x: Tensor) -> Tensor:
        lift, lower = self.conv2, self.conv3
        assert lift.bias is not None
        assert lower.bias is not None
        y = F.pad(unfold(x, self.patch), (0, 1), value=1.0)
        w = torch.cat([lift.weight.flatten(1), lift.bias[:, None]], dim=1)
        gate = attention(self.ema, y, w)
        # Gate, then 1 x 1 back to three channels: sum over d of gate * w_j * lower_k, (B, N, J, 3).
        lowered = gate @ (w[:, :, None] * lower.weight.flatten(1).T[:, None]).flatten(1)
        attended = torch.einsum("bcnj,bnjk->bcnk", y, lowered.reshape(*lowered.shape[:2], -1, 3)) + lower.bias
        return fold(attended, self.patch, (x.shape[2], x.shape[3]))


def unfold(x: Tensor, patch: int) -> Tensor:
    """(B, d, H, W) -> (B, p * p positions, N patches, d), for H and W that are multiples of p."""
    batch, dim, height, width = x.shape
    rows, columns = height // patch, width // patch
    grid = x.reshape(batch, dim, rows, patch, columns, patch)
    return grid.permute(0, 3, 5, 2, 4, 1).reshape(batch, patch * patch, rows * columns, dim)


def fold(positions: Tensor, patch: int, size: tuple[int, int]) -> Tensor:
    """The inverse of :func:`unfold`: (B, p * p, N, d) -> (B, d, H, W)."""
    batch, _, _, dim = positions.shape
    rows, columns = size[0] // patch, size[1] // patch
    grid = positions.reshape(batch, patch, patch, rows, columns, dim)
    return grid.permute(0, 5, 3, 1, 4, 2).reshape(batch, dim, *size)
