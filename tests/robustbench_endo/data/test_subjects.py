import pytest

from robustbench_endo.data import FolderDataset, load_dataset
from robustbench_endo.data.subjects import NO_SUBJECTS, names_give_subjects, subject_note, subject_of
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


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["OP1_01", "OP1_02", "OP2_01", "OP2_02"], True),
        (["OP3_img_01", "OP3_img_02"], True),
        (["OP1_01", "OP1_02", "OP2_01"], True),
        (["frame_01", "frame_02"], False),
        (["0001", "0002"], False),
        (["liver", "snare", "clip"], False),
        (["cju0rx1idathl", "cjvxf2a9gd0k", "cku7q8zz1hh"], False),
    ],
)
def test_names_give_subjects_only_where_frames_share_a_prefix(names, expected):
    assert names_give_subjects([f"image/{name}.png" for name in names]) is expected


def test_data_without_subjects_are_one_subject(make_folder):
    root = make_folder(activities=("1",))
    for number, path in enumerate(sorted(root.glob("test/1/image/*.png"))):
        for each in (path, path.parents[1] / "mask" / path.name):
            each.rename(each.with_name(f"{'xy'[number]}.png"))
    data = FolderDataset(root)
    assert (list(data.subjects), data.subject_source, subject_note(data)) == (["all", "all"], "none", NO_SUBJECTS)
    independent = load_dataset(root, assume_independent_frames=True)
    assert (independent.subjects, independent.subject_source) == (independent.ids, "independent frames")
    assert "--assume-independent-frames" in subject_note(independent)
    by_regex = load_dataset(root, subject_regex=r"([xy])\.png")
    assert (list(by_regex.subjects), by_regex.subject_source, subject_note(by_regex)) == (["x", "y"], "regex", None)
    assert subject_note(FolderDataset(make_folder())) is None
