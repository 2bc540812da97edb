"""Every n-th frame of a video: the number of a frame is written into its pixels."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from robustbench_endo.data.video import VideoDataset
from robustbench_endo.data.video_reader import VideoReader
from robustbench_endo.errors import DataError, FrameError, OptionalDependencyError

av = pytest.importorskip("av", reason="PyAV (extra video) is not installed")

BITS = 10
SIDE = 16


def picture(number: int) -> np.ndarray:
    """The number in binary: a bright or dark square a bit, which no codec blurs away."""
    bits = np.array([number >> bit & 1 for bit in range(BITS)], np.uint8)
    line = np.repeat(200 * bits + 20, SIDE)
    return np.repeat(np.broadcast_to(line, (48, BITS * SIDE))[..., None], 3, axis=2)


def number_in(image: np.ndarray) -> int:
    centres = image[24, SIDE // 2 :: SIDE].mean(-1) > 120
    return int(sum(1 << bit for bit in range(BITS) if centres[bit]))


def write_video(
    path: Path, pictures, codec="libx264", pixels="yuv420p", times=None, source="rgb24", **options: str
) -> Path:
    """A video of the pictures; ``times`` in milliseconds make the frame rate variable."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        pictures = list(pictures)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pixels
        if times is not None:
            stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for place, pixels_of_frame in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels_of_frame), format=source)
            if times is not None:
                frame.pts = times[place]
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


VIDEOS = {
    "h264.mp4": {"g": "12", "bf": "3"},
    "open_gop.mkv": {"g": "12", "bf": "3", "x264-params": "open-gop=1:keyint=12"},
    "one_keyframe.mp4": {"g": "999", "sc_threshold": "0"},
    "reordered.avi": {"g": "12", "bf": "3"},
    "mpeg4.avi": {"codec": "mpeg4", "g": "12"},
    "mpeg4.mp4": {"codec": "mpeg4", "g": "10", "bf": "2"},
    "lossless.mkv": {"codec": "ffv1", "pixels": "bgr0"},
    "stream.ts": {"g": "15", "bf": "2"},
}


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("videos")
    return {name: write_video(folder / name, map(picture, range(130)), **options) for name, options in VIDEOS.items()}


@pytest.mark.parametrize("name", VIDEOS)
def test_any_order_gives_the_exact_frames(videos, name):
    reader = VideoReader(videos[name])
    assert reader.count == 130
    order = [0, 129, 5, 64, 63, 62, 128, 1, 11, 12, 13, 24, 0, 77, *np.random.default_rng(0).integers(0, 130, 20)]
    assert [number_in(reader.frame(int(number))) for number in order] == order


@pytest.mark.parametrize("name", ["open_gop.mkv", "mpeg4.mp4"])
def test_seeking_gives_the_pixels_of_reading_on(videos, name):
    forward, back = VideoReader(videos[name], every=1000), VideoReader(videos[name], every=1000)
    read = [forward.frame(number) for number in range(130)]
    for number in reversed(range(130)):
        np.testing.assert_array_equal(back.frame(number), read[number])


def test_a_variable_frame_rate_shifts_nothing(tmp_path):
    times = np.cumsum(np.random.default_rng(1).integers(10, 200, 60)).tolist()
    path = write_video(tmp_path / "v.mkv", map(picture, range(60)), times=times, g="8", bf="2")
    reader = VideoReader(path)
    assert [number_in(reader.frame(number)) for number in (59, 3, 31, 30, 8, 0)] == [59, 3, 31, 30, 8, 0]


def test_reading_on_does_not_decode_from_the_beginning(videos, monkeypatch):
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


def test_every_nth_frame(videos):
    data = VideoDataset(videos["h264.mp4"], every=25)
    assert list(data.ids) == [f"h264.mp4#frame_{number:06d}" for number in range(0, 130, 25)]
    assert set(data.subjects) == {"h264.mp4"}
    assert data.classes == ("background", "class 1")
    samples = [data[index] for index in range(len(data))]
    assert [number_in(sample.image.permute(1, 2, 0).numpy()) for sample in samples] == [0, 25, 50, 75, 100, 125]
    assert samples[0].image.dtype == torch.uint8
    assert samples[0].image.shape == (3, 48, BITS * SIDE)
    assert samples[0].mask is None
    assert samples[0].activity is None
    with pytest.raises(IndexError):
        data[6]


def test_threads_and_processes_read_the_same(videos):
    data = VideoDataset(videos["h264.mp4"].parent, every=7)
    expected = [data[index].image for index in range(len(data))]
    with ThreadPoolExecutor(8) as pool:
        again = list(pool.map(lambda index: data[index].image, reversed(range(len(data)))))[::-1]
    copy = pickle.loads(pickle.dumps(data))
    assert all(torch.equal(a, b) for a, b in zip(expected, again, strict=True))
    assert torch.equal(copy[3].image, expected[3])
    assert copy.fingerprint([3]) == data.fingerprint([3])


def test_a_folder_of_videos(videos):
    data = VideoDataset(videos["h264.mp4"].parent, every=100)
    assert [image_id.partition("#")[0] for image_id in data.ids[::2]] == sorted(VIDEOS)
    assert VideoDataset(data.path, subject_regex=r"^(\w+)\.", every=100).subjects[0] == "h264"


def masks(count: int, values: tuple[int, ...]) -> list[np.ndarray]:
    """Stripes of grey values that move with the frame."""
    return [
        np.roll(np.repeat(np.array(values, np.uint8), 48)[None].repeat(48, 0), number, 1) for number in range(count)
    ]


@pytest.fixture
def with_masks(tmp_path) -> Path:
    """A video with lossless masks of labels 0, 1, 2 and 255."""
    pictures = [np.full((48, 192, 3), number, np.uint8) for number in range(30)]
    write_video(tmp_path / "op1.mp4", pictures)
    write_video(tmp_path / "op1_mask.mkv", masks(30, (0, 1, 2, 255)), "ffv1", "gray", source="gray")
    return tmp_path


def test_masks_of_a_lossless_video(with_masks):
    data = VideoDataset(with_masks, every=10)
    assert list(data.ids) == ["op1.mp4#frame_000000", "op1.mp4#frame_000010", "op1.mp4#frame_000020"]
    np.testing.assert_array_equal(data[2].mask.numpy(), masks(21, (0, 1, 2, 255))[20])
    assert data.classes == ("background", "class 1", "class 2")
    data.check([0, 1, 2])
    with pytest.raises(DataError, match=r"labels from 0 to 1 .*got 2 in frame 0.*levels\.txt, such as 0 70 160"):
        VideoDataset(with_masks, ("background", "tool"), every=10).check([0])
    (with_masks / "classes.txt").write_text("background\nshaft\ntip\n")
    assert VideoDataset(with_masks).classes == ("background", "shaft", "tip")


def test_blurred_masks_are_snapped_to_their_levels(tmp_path):
    write_video(tmp_path / "video.avi", map(picture, range(10)), "mpeg4")
    true = masks(10, (0, 160, 70, 0))
    write_video(tmp_path / "mask.avi", true, "libx264", "yuv444p", source="gray", crf="30")
    by_option = VideoDataset(tmp_path / "video.avi", every=5, levels=(0, 70, 160))
    (tmp_path / "levels.txt").write_text("0 70 160\n")
    by_file = VideoDataset(tmp_path, every=5)
    label = np.select([true[5] == 70, true[5] == 160], [1, 2])
    found = by_file[1].mask.numpy()
    assert torch.equal(by_option[1].mask, by_file[1].mask)
    assert (found == label).mean() > 0.97
    assert set(np.unique(found)) == {0, 1, 2}
    assert by_file.classes == ("background", "class 1", "class 2")
    assert by_file.fingerprint([0]) != VideoDataset(tmp_path, every=5, levels=(0, 160, 70)).fingerprint([0])


def test_a_cut_video_loses_only_its_end(videos, tmp_path):
    whole = videos["mpeg4.avi"].read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole[: len(whole) // 2])
    data = VideoDataset(cut, every=25)
    readable = [index for index in range(len(data)) if _readable(data, index)]
    assert 0 < len(readable) < len(data)
    assert readable == list(range(len(readable)))
    assert [number_in(data[index].image.permute(1, 2, 0).numpy()) for index in readable] == [25 * i for i in readable]
    with pytest.raises(FrameError, match=r"(cut\.avi.*(cut off|damage|cannot be decoded)).*replace"):
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
        (lambda path: _write(path / "bad.mp4", b"no video at all" * 50), {}, "got a file that no decoder knows"),
        (lambda path: _write(path / "empty.mp4", b""), {}, "got a file that no decoder knows"),
        (lambda path: path, {"every": 0}, "n of at least 1, got 0"),
        (lambda path: path, {"levels": (0, 300)}, "from 0 to 255 as the levels of the labels"),
        (lambda path: path, {"levels": (7, 7)}, "two different grey values"),
        (lambda path: _write(path / "levels.txt", b"0 grey").parent, {}, "Expected grey values such as 0 70 160"),
    ],
)
def test_bad_input(tmp_path, make, options, text):
    path = make(tmp_path)
    with pytest.raises(DataError, match=text):
        len(VideoDataset(path, **options))


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_masks_of_another_length(with_masks):
    write_video(with_masks / "op1_mask.mkv", masks(20, (0, 1, 2, 255)), "ffv1", "gray", source="gray")
    with pytest.raises(DataError, match=r"size and length of .*op1\.mp4 \(192 x 48, 30 frames\), got .* 20 frames"):
        VideoDataset(with_masks).check([0])


def test_without_pyav(monkeypatch, videos):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(OptionalDependencyError, match=r"install robustbench-endo\[video\]"):
        len(VideoDataset(videos["h264.mp4"]))


def test_the_real_video(shared_data):
    folder = shared_data / "endovis15_video"
    data = VideoDataset(folder, ("background", "manipulator", "shaft"), levels=(0, 70, 160))
    assert len(data) == 15
    sample = data[14]
    assert sample.image.shape == (3, 576, 720)
    assert set(sample.mask.unique().tolist()) == {0, 1, 2}
    data.check(range(15))
