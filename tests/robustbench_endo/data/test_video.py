"""Every n-th frame of videos, with masks from a second video."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from robustbench_endo.data.video import VideoDataset, is_mask_video, mask_video_of
from robustbench_endo.errors import DataError, FrameError, OptionalDependencyError

pytest.importorskip("av", reason="PyAV (extra video) is not installed")


@pytest.mark.parametrize(
    ("name", "expected"), [("op1_mask", True), ("Mask", True), ("a-masks", True), ("unmask", False)]
)
def test_is_mask_video_needs_the_word_at_the_end(name, expected):
    assert is_mask_video(Path(f"{name}.mp4")) is expected


def test_mask_video_of_matches_names():
    masks = {name: Path(f"{name}.avi") for name in ("op1_mask", "op2 masks", "mask")}
    names = {name: mask_video_of(Path(f"{name}.mp4"), masks) for name in ("OP1", "op2", "video", "op3")}
    assert names == {"OP1": masks["op1_mask"], "op2": masks["op2 masks"], "video": masks["mask"], "op3": None}


def test_video_dataset_takes_every_nth_frame(videos, numbered):
    data = VideoDataset(videos["h264.mp4"], every=25)
    assert list(data.ids) == [f"h264.mp4#frame_{number:06d}" for number in range(0, 130, 25)]
    assert set(data.subjects) == {"h264.mp4"}
    assert data.classes == ("background", "class 1")
    samples = [data[index] for index in range(len(data))]
    numbers = [numbered.number_in(sample.image.permute(1, 2, 0).numpy()) for sample in samples]
    assert numbers == [0, 25, 50, 75, 100, 125]
    assert samples[0].image.dtype == torch.uint8
    assert samples[0].image.shape == (3, 48, numbered.bits * numbered.side)
    assert samples[0].mask is None
    assert samples[0].activity is None
    with pytest.raises(IndexError):
        data[6]


def test_video_dataset_reads_the_same_in_threads_and_processes(videos):
    data = VideoDataset(videos["h264.mp4"].parent, every=7)
    expected = [data[index].image for index in range(len(data))]
    with ThreadPoolExecutor(8) as pool:
        again = list(pool.map(lambda index: data[index].image, reversed(range(len(data)))))[::-1]
    copy = pickle.loads(pickle.dumps(data))
    assert all(torch.equal(a, b) for a, b in zip(expected, again, strict=True))
    assert torch.equal(copy[3].image, expected[3])
    assert copy.fingerprint([3]) == data.fingerprint([3])


def test_video_dataset_reads_a_folder_of_videos(videos):
    data = VideoDataset(videos["h264.mp4"].parent, every=100)
    assert [image_id.partition("#")[0] for image_id in data.ids[::2]] == sorted(videos)
    assert VideoDataset(data.path, subject_regex=r"^(\w+)\.", every=100).subjects[0] == "h264"


def masks(count: int, values: tuple[int, ...]) -> list[np.ndarray]:
    """Stripes of grey values that move with the frame."""
    return [
        np.roll(np.repeat(np.array(values, np.uint8), 48)[None].repeat(48, 0), number, 1) for number in range(count)
    ]


@pytest.fixture
def with_masks(tmp_path, make_video) -> Path:
    """A video with lossless masks of labels 0, 1, 2 and 255."""
    images = [np.full((48, 192, 3), number, np.uint8) for number in range(30)]
    make_video(tmp_path / "op1.mp4", images)
    make_video(tmp_path / "op1_mask.mkv", masks(30, (0, 1, 2, 255)), "ffv1", "gray", source="gray")
    return tmp_path


def test_video_dataset_reads_masks_of_a_lossless_video(with_masks):
    data = VideoDataset(with_masks, every=10)
    assert list(data.ids) == ["op1.mp4#frame_000000", "op1.mp4#frame_000010", "op1.mp4#frame_000020"]
    np.testing.assert_array_equal(data[2].mask.numpy(), masks(21, (0, 1, 2, 255))[20])
    assert data.classes == ("background", "class 1", "class 2")
    data.check([0, 1, 2])
    with pytest.raises(DataError, match=r"labels from 0 to 1 .*got 2 in frame 0.*levels\.txt, such as 0 70 160"):
        VideoDataset(with_masks, ("background", "tool"), every=10).check([0])
    (with_masks / "classes.txt").write_text("background\nshaft\ntip\n")
    assert VideoDataset(with_masks).classes == ("background", "shaft", "tip")


def test_video_dataset_maps_blurred_masks_to_their_levels(tmp_path, numbered, make_video):
    make_video(tmp_path / "video.avi", map(numbered.image, range(10)), "mpeg4")
    true = masks(10, (0, 160, 70, 0))
    make_video(tmp_path / "mask.avi", true, "libx264", "yuv444p", source="gray", crf="30")
    by_option = VideoDataset(tmp_path / "video.avi", every=5, levels=(0, 70, 160))
    (tmp_path / "levels.txt").write_text("0 70 160\n")
    by_file = VideoDataset(tmp_path, every=5)
    label = np.select([true[5] == 70, true[5] == 160], [1, 2])
    labels = by_file[1].mask.numpy()
    assert torch.equal(by_option[1].mask, by_file[1].mask)
    assert (labels == label).mean() > 0.97
    assert set(np.unique(labels)) == {0, 1, 2}
    assert by_file.classes == ("background", "class 1", "class 2")
    assert by_file.fingerprint([0]) != VideoDataset(tmp_path, every=5, levels=(0, 160, 70)).fingerprint([0])


def test_video_dataset_loses_only_the_end_of_a_cut_video(videos, numbered, tmp_path):
    content = videos["mpeg4.avi"].read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(content[: len(content) // 2])
    data = VideoDataset(cut, every=25)
    readable = [index for index in range(len(data)) if _readable(data, index)]
    assert 0 < len(readable) < len(data)
    assert readable == list(range(len(readable)))
    assert [numbered.number_in(data[index].image.permute(1, 2, 0).numpy()) for index in readable] == [
        25 * i for i in readable
    ]
    with pytest.raises(FrameError, match=r"(cut\.avi.*(cut off|damage|cannot be decoded)).*Replace"):
        data[len(data) - 1]


def _readable(data: VideoDataset, index: int) -> bool:
    try:
        data[index]
    except FrameError:
        return False
    return True


@pytest.mark.parametrize(
    ("make", "options", "text"),
    [
        (lambda path: path / "absent.mp4", {}, "Expected a video or a folder of videos at .*absent.mp4, got none"),
        (lambda path: path, {}, r"Expected videos \(\.avi, .*got none"),
        (
            lambda path: _write(path / "bad.mp4", b"no video at all" * 50),
            {},
            "Cannot open the video .*: not a video in a known format",
        ),
        (lambda path: _write(path / "empty.mp4", b""), {}, "Cannot open the video .*: not a video in a known format"),
        (lambda path: path, {"every": 0}, "n of at least 1, got 0"),
        (lambda path: path, {"levels": (0, 300)}, "from 0 to 255 as the levels of the labels"),
        (lambda path: path, {"levels": (7, 7)}, "two different grey values"),
        (lambda path: _write(path / "levels.txt", b"0 grey").parent, {}, "Expected grey values such as 0 70 160"),
    ],
)
def test_video_dataset_rejects_bad_input(tmp_path, make, options, text):
    path = make(tmp_path)
    with pytest.raises(DataError, match=text):
        len(VideoDataset(path, **options))


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_check_rejects_masks_of_another_length(with_masks, make_video):
    make_video(with_masks / "op1_mask.mkv", masks(20, (0, 1, 2, 255)), "ffv1", "gray", source="gray")
    with pytest.raises(DataError, match=r"size and length of .*op1\.mp4 \(192 x 48, 30 frames\), got .* 20 frames"):
        VideoDataset(with_masks).check([0])


def test_video_dataset_names_the_extra_where_pyav_is_missing(monkeypatch, videos):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(OptionalDependencyError, match=r"PyAV is not installed. Install robustbench-endo\[video\]"):
        len(VideoDataset(videos["h264.mp4"]))


def test_video_dataset_reads_a_real_video(shared_data):
    folder = shared_data / "endovis15_video"
    data = VideoDataset(folder, ("background", "manipulator", "shaft"), levels=(0, 70, 160))
    assert len(data) == 15
    sample = data[14]
    assert sample.image.shape == (3, 576, 720)
    assert set(sample.mask.unique().tolist()) == {0, 1, 2}
    data.check(range(15))
