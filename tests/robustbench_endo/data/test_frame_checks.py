import pytest
import torch

from robustbench_endo.data.file_listing import Entry
from robustbench_endo.data.frame_checks import FrameScan, check_masks_exist, check_size
from robustbench_endo.data.label_map import LabelMap
from robustbench_endo.data.reading import UnsuitableFrameError
from robustbench_endo.errors import DataError


def test_frame_scan_counts_labels():
    scan = FrameScan(2)
    scan.count(torch.tensor([[0, 1], [1, 255]], dtype=torch.uint8))
    scan.count(None)
    assert (scan.masks, scan.pixels[[0, 1, 255]].tolist()) == (1, [1, 2, 1])


@pytest.mark.parametrize(("unsuitable", "refused"), [(2, False), (3, True)])
def test_frame_scan_refuses_data_of_which_more_than_half_cannot_be_used(unsuitable, refused):
    scan = FrameScan(4, unsuitable=["Expected a, got b: do c."] * unsuitable)
    if not refused:
        scan.refuse(None)
        return
    with pytest.raises(DataError, match="3 of 4 frames cannot be used; the first: Expected a, got b: do c."):
        scan.refuse(None)


def test_frame_scan_counts_masks_with_values_without_a_name(tmp_path):
    scan = FrameScan(3, masks=1, unmapped={tmp_path / "a.png": (9,), tmp_path / "b.png": (3, 9)})
    with pytest.raises(DataError, match=r"got 3, 9 in 2 of 3 masks \(the first: .*a.png\)"):
        scan.refuse(LabelMap.parse("0=background"))


def test_check_masks_exist_and_check_size_name_the_file(tmp_path):
    entry = Entry("a.png", tmp_path / "a.png", tmp_path / "mask" / "a.png")
    with pytest.raises(UnsuitableFrameError, match="Expected a mask for the frame .*a.png, got none of that name in"):
        check_masks_exist(entry)
    check_size(entry, (4, 6), (4, 6))
    with pytest.raises(UnsuitableFrameError, match=r"size of its frame a.png \(6 x 4\), got 3 x 2"):
        check_size(entry, (4, 6), (2, 3))
