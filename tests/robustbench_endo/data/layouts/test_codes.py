import numpy as np
import pytest
from PIL import Image

from robustbench_endo.data.layouts.label_maps import by_colour, by_level
from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.types import IGNORE

PALETTE = {(0, 0, 0): 0, (0, 255, 0): 1, (125, 255, 12): 2, (255, 255, 255): IGNORE}


def write(path, pixels, mode=None):
    picture = Image.fromarray(np.asarray(pixels, np.uint8))
    (picture.convert(mode) if mode else picture).save(path)
    return path


def test_colours_against_a_search_pixel_by_pixel(tmp_path):
    colours = np.array(list(PALETTE), np.uint8)
    chosen = np.random.default_rng(0).integers(0, 4, (9, 11))
    path = write(tmp_path / "mask.png", colours[chosen])
    expected = [[PALETTE[tuple(int(value) for value in colours[index])] for index in row] for row in chosen]
    assert by_colour(path, PALETTE).tolist() == expected


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_colour_in_any_kind_of_picture(tmp_path, mode):
    path = write(tmp_path / "mask.png", np.full((3, 4, 3), (0, 255, 0)), mode)
    assert by_colour(path, PALETTE).unique().tolist() == [1]


def test_an_unknown_colour_is_named(tmp_path):
    path = write(tmp_path / "mask.png", np.full((3, 4, 3), (1, 255, 0)))
    with pytest.raises(
        DataError, match=r"colours \(0, 0, 0\), \(0, 255, 0\).* in the mask .*mask.png, got \(1, 255, 0"
    ):
        by_colour(path, PALETTE)


@pytest.mark.parametrize("pixels", [np.full((3, 4), 50), np.full((3, 4, 3), 50), np.full((3, 4, 4), (50, 50, 50, 255))])
def test_levels_said_once_or_three_times(tmp_path, pixels):
    assert by_level(write(tmp_path / "mask.png", pixels), {50: 0, 11: 1}).tolist() == [[0] * 4] * 3


def test_an_unknown_level_and_a_coloured_picture(tmp_path):
    with pytest.raises(DataError, match=r"Expected the grey values 11, 50 in the mask .*mask.png, got 7"):
        by_level(write(tmp_path / "mask.png", np.full((3, 4), 7)), {50: 0, 11: 1})
    with pytest.raises(DataError, match="Expected grey values .* got a coloured picture"):
        by_level(write(tmp_path / "mask.png", np.full((3, 4, 3), (50, 50, 11))), {50: 0, 11: 1})


def test_a_damaged_or_deep_mask(tmp_path):
    path = tmp_path / "mask.png"
    path.write_bytes(b"nothing")
    for read, code in ((by_level, {0: 0}), (by_colour, PALETTE)):
        with pytest.raises(FrameError, match="a file that no decoder knows"):
            read(path, code)
    Image.fromarray(np.zeros((3, 4), np.uint16)).save(path)
    for read, code in ((by_level, {0: 0}), (by_colour, PALETTE)):
        with pytest.raises(DataError, match="16-bit or deeper"):
            read(path, code)
