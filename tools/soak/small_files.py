"""Small frames, masks, models and runs that the tests of the soak start from."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

from commands import expect_success

FACTORY = """
import torch


class Light(torch.nn.Module):
    def forward(self, images):
        light = images.mean(1, keepdim=True)
        return torch.cat([5 * light, -5 * light, 0 * light], 1)


def build(num_classes=3):
    return Light()
"""

SUITE = """name = "small"
extends = "endo19"
resolution = 64
reference_size = 256
corruptions = ["smoke", "gaussian_noise", "defocus_blur", "contrast"]

[smoke]
depth = [0.2, 0.4, 0.8, 1.6, 3.2]
scale = 110.0

[gaussian_noise]
std = [0.05, 0.1, 0.15, 0.2, 0.3]
"""

ADAPTER = """input_size = [32, 48]
value_range = [0, 255]
mean = [120.0, 110.0, 100.0]
std = [60.0, 58.5, 55.0]
channel_order = "BGR"
scores = "logits"
classes = ["background", "grasper", "scissors"]
"""

MANIFEST = """image,mask,activity,subject,split
frames/image/f0.png,frames/mask/f0.png,cutting,patient 1,test
frames/image/f1.jpg,frames/mask/f1.png,grasping,patient 1,test
frames/image/f2.bmp,frames/mask/f2.png,cutting,patient 2,test
"""

CONFIG = """[evaluate]
models = ["light=light.py:build"]
data = "frames"
corruptions = "contrast"
severities = [1, 5]
seed = 3
replicates = 1
gallery_frames = 0
notes = ["a note"]
out = "out"
formats = []
"""

CLASSES = "background\ngrasper\nscissors\n"
N_FRAMES = 3

EVALUATE = ("evaluate", "--data", "frames", "--corruption", "contrast", "--severity", "3", "--format", "none")
LIGHT = ("--model", "light=light.py:build")
RUN = (*EVALUATE, *LIGHT, "--model", "same=light.py:build", "--gallery-frames", "1", "--subject-regex", r"f(\d)")


@lru_cache(maxsize=1)
def base_files() -> Path:
    """The folder of :func:`write_base`, written once for all sections and deleted at the end of the process."""
    folder = Path(tempfile.mkdtemp(prefix="soak-base-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return write_base(folder / "base")


def write_base(folder: Path) -> Path:
    """Frames, texts, models, a checkpoint, a finished run and its shards, made by the commands of this package."""
    folder.mkdir(parents=True)
    write_frames(folder / "frames")
    write_tissue(folder / "tissue.png")
    texts = {
        "light.py": FACTORY,
        "suite.toml": SUITE,
        "adapter.toml": ADAPTER,
        "frames.csv": MANIFEST,
        "config.toml": CONFIG,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    write_models(folder)
    for out, options in (("run", ()), ("shards/1", ("--shard", "1/2")), ("shards/2", ("--shard", "2/2"))):
        expect_success([*RUN, *options, "--out", out], folder)
    train = ("--model", "tiny-resnet/mmoe", "--epochs", "1", "--augment", "none", "--logger", "none")
    expect_success(["train", "--data", "frames", *train, "--out", "checkpoint"], folder)
    shutil.rmtree(folder / "tmp")
    return folder


def write_frames(folder: Path, number: int = N_FRAMES, size: tuple[int, int] = (40, 56)) -> None:
    """Images of several formats with masks of three labels."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(0)
    for name in ("image", "mask"):
        (folder / name).mkdir(parents=True)
    (folder / "classes.txt").write_text(CLASSES)
    for index in range(number):
        image = random.integers(0, 255, (*size, 3), dtype=np.uint8)
        mask = np.zeros(size, np.uint8)
        mask[size[0] // 8 : size[0] // 2, size[1] // 8 : size[1] // 2] = 1
        mask[size[0] // 2 + 2 :, size[1] // 2 :] = 2
        suffix = (".png", ".jpg", ".bmp")[index % 3]
        Image.fromarray(image).save(folder / "image" / f"f{index}{suffix}")
        Image.fromarray(mask).save(folder / "mask" / f"f{index}.png")


def write_tissue(path: Path) -> None:
    """An image of plain tissue, a background for synthesized frames."""
    import numpy as np
    from PIL import Image

    rows, columns = np.mgrid[:96, :128]
    Image.fromarray(np.stack([150 + rows // 2, 60 + columns // 4, 60 + rows // 4], 2).astype(np.uint8)).save(path)


def write_models(folder: Path) -> None:
    """The same network as TorchScript, as a program of torch.export, and as ONNX where that is installed."""
    import warnings

    import torch

    namespace: dict[str, type[torch.nn.Module]] = {}
    exec(compile(FACTORY, "light.py", "exec"), namespace)
    network, images = namespace["Light"]().eval(), torch.rand(2, 3, 40, 56)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(network, images).save(str(folder / "traced.pt"))  # type: ignore[no-untyped-call]
        shapes = {"images": {0: torch.export.Dim("batch"), 2: torch.export.Dim("height"), 3: torch.export.Dim("width")}}
        torch.export.save(torch.export.export(network, (images,), dynamic_shapes=shapes), folder / "exported.pt2")


def copy_base(base: Path, folder: Path, *names: str) -> None:
    """Copy some of the base files into a folder."""
    for name in names:
        source, target = base / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)
