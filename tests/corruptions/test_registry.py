"""The corruptions and their order."""

from __future__ import annotations

from robustbench_endo.corruptions import CORRUPTIONS
from robustbench_endo.corruptions.surgical import SURGICAL_CORRUPTIONS

TABLE_VII = [
    *("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"),
    *("defocus_blur", "gaussian_blur", "glass_blur", "motion_blur", "zoom_blur"),
    *("bleeding", "brightness", "smoke", "spatter"),
    *("contrast", "elastic_transform", "gamma_correction", "jpeg_compression", "pixelate", "saturate"),
]


def test_corruptions_are_in_the_order_of_table_vii() -> None:
    assert [item.name for item in CORRUPTIONS] == TABLE_VII


def test_corruptions_of_the_surgical_extension_have_names_of_their_own() -> None:
    names = [item.name for item in (*CORRUPTIONS, *SURGICAL_CORRUPTIONS)]
    assert len(set(names)) == 31
