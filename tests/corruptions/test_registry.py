"""The corruptions and their order."""

from __future__ import annotations

from robustbench_endo.corruptions import CORRUPTIONS

TABLE_VII = [
    *("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"),
    *("defocus_blur", "gaussian_blur", "glass_blur", "motion_blur", "zoom_blur"),
    *("bleeding", "brightness", "smoke", "spatter"),
    *("contrast", "elastic_transform", "gamma_correction", "jpeg_compression", "pixelate", "saturate"),
]


def test_corruptions_are_in_the_order_of_table_vii() -> None:
    assert [item.name for item in CORRUPTIONS] == TABLE_VII
