import torch
import torch.nn.functional as F

from robustbench_endo.evaluation.warp import warp_masks


def identity_grid(height: int, width: int) -> torch.Tensor:
    return F.affine_grid(torch.eye(2, 3)[None], [1, 1, height, width], align_corners=False)


def test_the_identity_moves_nothing():
    masks = torch.randint(0, 7, (1, 37, 52), dtype=torch.uint8)
    assert torch.equal(warp_masks(masks, identity_grid(37, 52)), masks)


def test_equals_grid_sample_and_keeps_the_border():
    torch.manual_seed(0)
    masks = torch.randint(0, 7, (2, 33, 40), dtype=torch.uint8)
    grid = identity_grid(33, 40).expand(2, -1, -1, -1) + 0.1 * torch.randn(2, 33, 40, 2)
    expected = F.grid_sample(masks[:, None].float(), grid, "nearest", "border", align_corners=False)[:, 0].byte()
    assert float((warp_masks(masks, grid) != expected).float().mean()) < 1e-3
