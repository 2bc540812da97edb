"""Twenty-five sessions: fifteen that succeed, ten mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

EXTRAS = "report,torchmetrics"
"""Extras of the package that the sessions need."""


@dataclass(frozen=True)
class Session:
    """A user's task.

    Attributes:
        title: of the task or the mistake.
        language: ``console`` for a shell, ``python`` for an interpreter that has imported nothing.
        code: what the user types.
        prints: patterns that the output of a success contains.
        mistake: the argument or option that the sentence of a failure names; None for a success.
    """

    title: str
    language: Literal["console", "python"]
    code: str
    prints: tuple[str, ...] = ()
    mistake: str | None = None

    @property
    def lines(self) -> int:
        """Lines that the user types, without empty ones."""
        return sum(bool(line.strip()) for line in self.code.splitlines())


MY_CODE = '''\
"""A user's network and data set, as most have them."""

import torch
from torch import nn
from torch.utils.data import Dataset


class Net(nn.Module):
    def __init__(self, num_classes=3):
        super().__init__()
        self.head = nn.Conv2d(3, num_classes, 1)

    def forward(self, images):
        return self.head(images)


class Frames(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        image = torch.full((3, 48, 64), 0.4)
        mask = torch.zeros(48, 64, dtype=torch.int64)
        image[:, 10:30, 5 + index : 25 + index] = 0.8
        mask[10:30, 5 + index : 25 + index] = 1
        return image, mask
'''


def write_assets(folder: Path) -> None:
    """What the user has: frames with masks of two patients, one image, a network and a data set in Python."""
    random = np.random.default_rng(0)
    for number in range(4):
        image = random.integers(60, 140, (96, 128, 3)).astype(np.uint8)
        mask = np.zeros((96, 128), np.uint8)
        mask[20:60, 10 + 5 * number : 60] = 1
        mask[60:80, 10:40] = 2
        image[mask > 0] = (200, 200, 210)
        for kind, pixels in (("image", image), ("mask", mask)):
            path = folder / "my_frames" / "test" / kind / f"OP{1 + number % 2}_img_{number:02d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    Image.fromarray(random.integers(60, 200, (96, 128, 3)).astype(np.uint8)).save(folder / "frame.png")
    (folder / "my_code.py").write_text(MY_CODE, "utf-8")
    (folder / "empty").mkdir()


IMPORTS = "import robustbench_endo as rb\nfrom my_code import Net\n\n"

SESSIONS = (
    Session(
        "See that the installation works",
        "console",
        "robustbench-endo --version\nrobust-endo models --model tiny-resnet/mmoe",
        (r"robust-endo, version \d", "tiny-resnet/mmoe"),
    ),
    Session(
        "Compile the kernels before the first run",
        "console",
        "robust-endo warmup",
        ("(?i)kernels",),
    ),
    Session(
        "What a run would take",
        "console",
        "robust-endo evaluate --corruption smoke --limit 2 --dry-run",
        ("(?i)conditions", "tiny-endoarss/tesla", "(?i)memory"),
    ),
    Session(
        "The first run, without data or model",
        "console",
        "robust-endo evaluate --model tiny-resnet/mmoe --corruption smoke --severity 3 --limit 2 --out runs/first",
        ("(?i)smoke", r"runs/first/report\.html"),
    ),
    Session(
        "The same command again",
        "console",
        "robust-endo evaluate --model tiny-resnet/mmoe --corruption smoke --severity 3 --limit 2 --out runs/first",
        ("all 2 chunks", r"runs/first/report\.html"),
    ),
    Session(
        "A network in a file on a folder of frames, with a summary for a program",
        "console",
        "robust-endo evaluate --data my_frames --model net=my_code.py:Net --corruption smoke,contrast --severity 1,5 "
        "--format html --json --out runs/own",
        (r'"models"', "net"),
    ),
    Session(
        "Check a folder of frames",
        "console",
        "robust-endo datasets check my_frames",
        ("4", "OP1|2 subjects|patients"),
    ),
    Session(
        "Corrupted copies of a folder of frames",
        "console",
        "robust-endo corrupt my_frames corrupted --corruption smoke --severity 3\nls corrupted/smoke/3/image",
        (r"OP1_img_00\.png",),
    ),
    Session(
        "A network in Python on synthetic scenes",
        "python",
        "import robustbench_endo as rb\n"
        "from my_code import Net\n\n"
        'print(rb.evaluate(Net(7), "synthetic", "smoke", 3, limit=2))',
        ("Net",),
    ),
    Session(
        "A torch data set",
        "python",
        "import robustbench_endo as rb\n"
        "from my_code import Frames, Net\n\n"
        'data = rb.from_torch(Frames(), classes=["tissue", "tool"])\n'
        'results = rb.evaluate(Net(2), data, "contrast", severities=(1, 5))\n'
        "print(results.table())",
        ("contrast", "miou"),
    ),
    Session(
        "Results as CSV, JSON and a comparison of two models",
        "python",
        "import robustbench_endo as rb\n"
        "from my_code import Net\n\n"
        'results = rb.evaluate({"a": Net(7), "b": Net(7)}, "synthetic", "contrast", 5, limit=2)\n'
        'results.to_csv("scores.csv")\n'
        'results.to_json("scores.json")\n'
        'print(open("scores.csv").readline())',
        ("miou",),
    ),
    Session(
        "One image",
        "python",
        "from PIL import Image\n"
        "import robustbench_endo as rb\n\n"
        'smoky = rb.corrupt(Image.open("frame.png"), "smoke", 3)\n'
        "print(smoky)",
        (r"PIL\.Image\.Image .*128x96",),
    ),
    Session(
        "A corruption in a torchvision pipeline",
        "python",
        "import torch\n"
        "from torchvision.transforms import v2\n"
        "from robustbench_endo.corruptions import Corrupt\n\n"
        'transform = v2.Compose([Corrupt("smoke", 3), v2.RandomHorizontalFlip()])\n'
        "print(transform(torch.rand(3, 48, 64)).shape)",
        (r"\[3, 48, 64\]",),
    ),
    Session(
        "The corrected Hausdorff distance in torchmetrics",
        "python",
        "import torch\n"
        "from robustbench_endo.metrics.torchmetrics import HausdorffDistance\n\n"
        "metric = HausdorffDistance(num_classes=2)\n"
        "metric.update(torch.ones(1, 48, 64, dtype=torch.int64), torch.zeros(1, 48, 64, dtype=torch.int64))\n"
        "print(metric.compute())",
        ("80|79",),
    ),
    Session(
        "The report from Python",
        "python",
        "import robustbench_endo as rb\n\n"
        'results = rb.load_results("runs/first")\n'
        'rb.report(results, "again.html")\n'
        'results.plot.severity().savefig("curves.png")\n'
        "print(results.table())",
        ("smoke",),
    ),
    Session(
        "A corruption with a typing error",
        "console",
        "robust-endo evaluate --corruption smok",
        mistake="smok",
    ),
    Session(
        "A severity out of range",
        "console",
        "robust-endo evaluate --severity 6",
        mistake="severit",
    ),
    Session(
        "A GPU that is not there",
        "console",
        "CUDA_VISIBLE_DEVICES= robust-endo evaluate --device cuda",
        mistake="--device",
    ),
    Session(
        "A folder without frames",
        "console",
        "robust-endo evaluate --data empty --out runs/empty",
        mistake="empty",
    ),
    Session(
        "Other options in the folder of a run",
        "console",
        "robust-endo evaluate --model tiny-resnet/mmoe --corruption smoke --severity 5 --limit 2 --out runs/first",
        mistake="--out",
    ),
    Session(
        "A data set of one's own without adapter",
        "python",
        'import robustbench_endo as rb\nfrom my_code import Frames, Net\n\nrb.evaluate(Net(2), Frames(), "smoke", 3)',
        mistake="rb.from_torch",
    ),
    Session(
        "A network with another number of classes",
        "python",
        IMPORTS + 'rb.evaluate(Net(2), "synthetic", "smoke", 3, limit=2)',
        mistake="Net",
    ),
    Session(
        "An unknown argument",
        "python",
        IMPORTS + 'rb.evaluate(Net(7), "synthetic", "smoke", severity=3)',
        mistake="severities",
    ),
    Session(
        "An image with values up to 255 as floating-point numbers",
        "python",
        'import torch\nimport robustbench_endo as rb\n\nrb.corrupt(torch.full((3, 48, 64), 255.0), "smoke", 3)',
        mistake="255",
    ),
    Session(
        "A metric of the wrong shape",
        "python",
        "import torch\n"
        "from robustbench_endo.metrics.torchmetrics import HausdorffDistance\n\n"
        "HausdorffDistance(num_classes=2).update(torch.zeros(1, 48, 64).long(), torch.zeros(1, 24, 32).long())",
        mistake="preds",
    ),
)
