"""Frames by number: every frame of the videos contains its own number."""

import numpy as np
import pytest

from robustbench_endo.data.video_reader import VideoReader
from robustbench_endo.errors import DataError

pytest.importorskip("av", reason="PyAV (extra video) is not installed")

VIDEOS = (
    "h264.mp4",
    "open_gop.mkv",
    "one_keyframe.mp4",
    "reordered.avi",
    "mpeg4.avi",
    "mpeg4.mp4",
    "lossless.mkv",
    "stream.ts",
)


def test_every_video_is_read(videos):
    assert tuple(videos) == VIDEOS


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "one_keyframe.mp4" else ()) for name in VIDEOS]
)
def test_video_reader_returns_exact_frames_in_any_order(videos, numbered, name):
    reader = VideoReader(videos[name])
    assert reader.count == 130
    order = [0, 129, 5, 64, 63, 62, 128, 1, 11, 12, 13, 24, 0, 77, *np.random.default_rng(0).integers(0, 130, 20)]
    assert [numbered.number_in(reader.frame(int(number))) for number in order] == order


@pytest.mark.parametrize("name", ["open_gop.mkv", "mpeg4.mp4"])
def test_video_reader_returns_the_same_pixels_after_seeking(videos, name):
    forward, backward = VideoReader(videos[name], every=1000), VideoReader(videos[name], every=1000)
    read = [forward.frame(number) for number in range(130)]
    for number in reversed(range(130)):
        np.testing.assert_array_equal(backward.frame(number), read[number])


def test_video_reader_numbers_frames_of_a_variable_frame_rate(tmp_path, numbered, make_video):
    times = np.cumsum(np.random.default_rng(1).integers(10, 200, 60)).tolist()
    path = make_video(tmp_path / "v.mkv", map(numbered.image, range(60)), times=times, g="8", bf="2")
    reader = VideoReader(path)
    assert [numbered.number_in(reader.frame(number)) for number in (59, 3, 31, 30, 8, 0)] == [59, 3, 31, 30, 8, 0]


def test_video_reader_decodes_on_without_seeking(videos, monkeypatch):
    reader = VideoReader(videos["one_keyframe.mp4"])
    seeks = []
    original = VideoReader._seek
    monkeypatch.setattr(VideoReader, "_seek", lambda self, number: seeks.append(number) or original(self, number))
    for number in range(0, 130, 10):
        reader.frame(number)
    assert seeks == [0]
    far = VideoReader(videos["h264.mp4"])
    far.frame(0)
    far.frame(100)
    assert seeks == [0, 0, 96]


def test_video_reader_rejects_what_is_no_video(tmp_path):
    with pytest.raises(DataError, match=r"Cannot open the video .*absent.mp4: no such file. Check the path."):
        VideoReader(tmp_path / "absent.mp4").size  # noqa: B018
    (tmp_path / "bad.mp4").write_bytes(b"no video at all" * 50)
    with pytest.raises(DataError, match=r"bad.mp4: not a video in a known format .*\. Replace or remove it."):
        VideoReader(tmp_path / "bad.mp4").count  # noqa: B018
