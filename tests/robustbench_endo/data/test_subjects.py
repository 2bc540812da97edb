import pytest

from robustbench_endo.data.subjects import subject_of
from robustbench_endo.errors import DataError


@pytest.mark.parametrize(
    ("image_id", "subject"),
    [
        ("test/1/image/OP1_img_07.png", "OP1_img"),
        ("image/seq_4_frame003.png", "seq_4_frame"),
        ("video-12.frame-0001.png", "video-12.frame"),
        ("0001.png", "all"),
        ("frame.png", "frame"),
    ],
)
def test_subject_of_is_the_name_before_the_last_digits_by_default(image_id, subject):
    assert subject_of(image_id) == subject


def test_subject_of_uses_the_first_group_of_a_pattern_or_the_entire_match():
    assert subject_of("patient03/video1/000.png", r"(patient\d+)/") == "patient03"
    assert subject_of("patient03/video1/000.png", r"video\d") == "video1"


def test_subject_of_rejects_bad_patterns():
    with pytest.raises(DataError, match="Expected a regular expression"):
        subject_of("a.png", "(")
    with pytest.raises(DataError, match="Expected every frame to match"):
        subject_of("a.png", "b")
