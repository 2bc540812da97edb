"""The configuration of an evaluation: every option of ``robust-endo evaluate`` and of :func:`rb.evaluate`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypedDict

from robustbench_endo.config import check_choice, option
from robustbench_endo.data_options import (
    classes_option,
    independent_frames_option,
    label_map_option,
    split_names,
    subject_regex_option,
)
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.adaptation.settings import check_adaptation
from robustbench_endo.evaluation.severity_options import check_severities, check_severity_options, parse_severities
from robustbench_endo.evaluation.shard import parse_shard
from robustbench_endo.tasks.segmentation.tolerance import check_tolerances, parse_spacing

Resolution = int | Literal["native"] | tuple[int, int]
"""Short side in pixels (aspect kept, never enlarged), the frame's own size, or an exact (height, width)."""

PROTOCOLS = ("standard", "endoarss")
BACKENDS = ("builtin", "imagecorruptions")
REGIONS = ("frame", "content")
PRECISIONS = ("auto", "fp32", "bf16")
ENGINES = ("local", "ray")
PREDICTIONS = ("none", "worst", "all", "worst+logits", "all+logits")
FORMATS = ("html", "pdf", "latex", "md", "csv", "figures")
SEVERITIES = (1, 2, 3, 4, 5)
MAX_REPLICATES = 10_000
MAX_KEPT_FRAMES = 10
"""A report with more thumbnails is too large to open."""
MAX_SIDE = 16_384
"""Largest side in pixels to which frames are resized."""

_ENDOARSS_SIZE = (256, 256)


def parse_resolution(text: str) -> Resolution:
    """``native``, a short side, or ``HxW``.

    Raises:
        RobustEndoError: any other text.

    >>> parse_resolution("256x320")
    (256, 320)
    """
    if text == "native":
        return "native"
    if match := re.fullmatch(r"([0-9]{1,9})(?:x([0-9]{1,9}))?", text):
        height, width = int(match.group(1)), match.group(2)
        size: Resolution = height if width is None else (height, int(width))
        sides = height, int(width or height)
        if min(sides) >= 32 and max(sides) <= MAX_SIDE:
            return size
    raise RobustEndoError(f"Expected a resolution such as native, 512 or 256x256 (32 to {MAX_SIDE}), got {text!r}.")


def parse_formats(text: str) -> tuple[str, ...]:
    """Names of report formats, sorted; none for ``none``.

    Raises:
        RobustEndoError: an unknown format.
    """
    formats = () if text == "none" else tuple(sorted(split_names(text)))
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise RobustEndoError(f"Expected report formats among {', '.join(FORMATS)}, got {unknown[0]!r}.")
    return formats


@dataclass(frozen=True)
class EvaluationConfig:
    """Every setting of an evaluation, each documented by the help text of its option.

    Models and data are specs (texts) on the command line; :func:`rb.evaluate` takes them as objects instead.

    Raises:
        RobustEndoError: a value outside its range, or values that contradict each other.

    >>> EvaluationConfig(corruptions="smoke", severities=(5, 1)).severities
    (1, 5)
    """

    models: tuple[str, ...] = option(
        (),
        "Repeatable: a name, a checkpoint folder, file.py:factory, pkg.module:factory, a TorchScript, torch.export or "
        "ONNX file, smp:..., hf:..., hf://ORG/NAME; append #FILE.toml to give an I/O adapter; NAME=SPEC names its "
        "column; 'NAME=FOLDER/seed*', quoted, groups the checkpoints of several training seeds.",
        "--model",
        "-m",
        multiple=True,
        shown_default="the three shipped models",
    )
    trust_model_file: bool = option(
        False,
        "Load TorchScript and torch.export files without vetting them; such a file is a program and can then do "
        "whatever you can.",
        type="bool",
    )
    data: str = option(
        "synthetic", "Folder of frames, the name of a data set, or hf://datasets/ORG/NAME.", "--data", "-d"
    )
    split: str | None = option(None, "Sub-folder or split.", shown_default="test where there is one")
    classes: tuple[str, ...] | None = classes_option()
    label_map: str | None = label_map_option()
    subject_regex: str | None = subject_regex_option()
    assume_independent_frames: bool = independent_frames_option()
    corruptions: str | tuple[str, ...] = option(
        "all",
        "all, a category (noise, blur, occlusion, digital), recorded, clean, names separated by commas, "
        "smoke+defocus_blur for both at once, or pairwise: combinations in which every pair of the suite occurs.",
        "--corruption",
        "-c",
    )
    severities: tuple[float, ...] = option(
        SEVERITIES,
        "Severities, such as 1-5, 1,3,5 or 2.4.",
        "--severity",
        "-s",
        parse=parse_severities,
        shown_default="1-5",
    )
    failure_point: str | None = option(
        None,
        "METRIC=THRESHOLD, such as miou=0.5: search for each frame and corruption the severity at which the metric of "
        "the frame first falls below the threshold.",
    )
    target_distortion: float | None = option(
        None,
        "Evaluate each corruption at the one severity with this mean distortion (1 - image SSIM), such as 0.2.",
        type="float",
    )
    protocol: str = option(
        "standard",
        "Metric definitions: standard, or endoarss (the authors' suite, size and definitions, for comparison with "
        "their tables).",
        choices=PROTOCOLS,
    )
    suite: str | None = option(
        None,
        "endo19, endo-surgical, endoarss, imagenet-c, or a TOML file.",
        shown_default="endo19; endoarss for that protocol",
    )
    backend: str = option(
        "builtin",
        "Corruption code: builtin, or imagecorruptions (that package with its own severities, for cross-checks).",
        choices=BACKENDS,
    )
    resolution: Resolution | None = option(
        None, "native, a short side in px, or HxW.", parse=parse_resolution, shown_default="the suite's"
    )
    limit: int | None = option(
        None, "Maximum number of frames, spread evenly over the data set.", "--limit", "-n", type="int", minimum=1
    )
    seed: int = option(0, "Random seed of the corruptions.", type="int")
    replicates: int = option(
        1, "Independent draws of every corruption that uses random numbers; scores are over all of them.", type="int"
    )
    nsd_tolerance: tuple[str, ...] = option(
        (),
        "Tolerance of the surface Dice (NSD), repeatable: 3px of the scored mask, or 1.5mm; CLASS=3px for one class.",
        multiple=True,
        shown_default="2px",
    )
    spacing: float | tuple[float, float] | None = option(
        None,
        "Size of a pixel of the original frame for tolerances in mm: mm per pixel, or ROWSxCOLUMNS.",
        parse=parse_spacing,
    )
    calibration: tuple[str, ...] = option(
        (),
        "calibration.json of a model, written by robust-endo calibrate-confidence, repeatable: its temperatures and "
        "prediction sets are applied, and the run reports whether their promise holds.",
        multiple=True,
    )
    region: str = option(
        "frame",
        "Pixels that masks are scored on: frame, or content (without the scope's black surround); the mIoU and Dice of "
        "the other one are stored as well.",
        choices=REGIONS,
    )
    device: str = option("auto", "auto, cpu, cuda, cuda:1, ...")
    precision: str = option(
        "auto", "Precision of the models; auto is bf16 on a GPU that has it, else fp32.", choices=PRECISIONS
    )
    batch_size: int | None = option(
        None,
        "Maximum batch size (reduced automatically on out-of-memory).",
        "--batch-size",
        "-b",
        type="int",
        minimum=1,
        shown_default="32 on a GPU, else 4 or 1.5 million pixels; 8 with --adapt",
    )
    adapt: str | None = option(
        None,
        "Adapt models at test time, reset for each condition and video: bn, tent or memo; options follow as in "
        "tent@lr=0.001,steps=1.",
        shown_default="no adaptation",
    )
    compile: bool = option(False, "Use torch.compile (CUDA only).", type="bool")
    workers: int | None = option(
        None, "Threads that evaluate conditions in parallel.", type="int", minimum=1, shown_default="one per core"
    )
    engine: str = option(
        "local", "Execution backend: local, or ray for all GPUs of this machine or a cluster.", choices=ENGINES
    )
    address: str | None = option(
        None,
        "Address of the Ray cluster: auto, HOST:PORT or ray://HOST:PORT.",
        shown_default="a cluster on this machine",
    )
    shard: str | None = option(None, "Compute only part i of n, as i/n; robust-endo merge combines the parts.")
    out: Path = option(Path("runs/evaluate"), "Run folder; an interrupted run is resumed.", "--out", "-o", type="path")
    gallery_frames: int = option(2, "Frames whose images and masks are stored for the report.", type="int", minimum=0)
    keep_frames: int = option(
        0,
        "Thumbnails for the report: so many of the worst, the median and the best frames by Dice of each corruption "
        "and severity; also the frames per model and corruption of --save-predictions worst.",
        type="int",
        minimum=0,
    )
    save_predictions: str = option(
        "none",
        "Masks and probabilities to store in the run folder: all, those of the largest drops of each model and "
        "corruption (worst), or none; logits are stored with all+logits or worst+logits.",
        choices=PREDICTIONS,
    )
    notes: tuple[str, ...] = option((), "A sentence that the report shows; repeatable.", "--note", multiple=True)
    formats: tuple[str, ...] = option(
        ("html", "pdf"),
        f"Reports to write: {', '.join(FORMATS)}, or none.",
        "--format",
        parse=parse_formats,
        shown_default="html,pdf",
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "severities", check_severities(tuple(self.severities)))
        for name, choices in (("protocol", PROTOCOLS), ("precision", PRECISIONS), ("backend", BACKENDS)):
            check_choice(name, getattr(self, name), choices)
        check_choice("engine", self.engine, ENGINES)
        check_choice("region", self.region, REGIONS)
        check_choice("save_predictions", self.save_predictions, PREDICTIONS)
        if not 0 <= self.keep_frames <= MAX_KEPT_FRAMES:
            raise RobustEndoError(
                f"Expected 0 to {MAX_KEPT_FRAMES} frames to keep, got {self.keep_frames}: 1 stores the worst, the "
                "median and the best frame of each corruption and severity."
            )
        if not 1 <= self.replicates <= MAX_REPLICATES:
            bound, count = ("least 1", "replicate") if self.replicates < 1 else (f"most {MAX_REPLICATES}", "replicates")
            raise RobustEndoError(
                f"Expected at {bound} {count}, got {self.replicates}: 1 draws every corrupted image once, 5 show how "
                "much the draw matters."
            )
        if isinstance(self.spacing, (int, float)):
            object.__setattr__(self, "spacing", parse_spacing(str(self.spacing)))
        check_tolerances(self.nsd_tolerance, self.spacing)
        if self.batch_size is not None and self.batch_size < 1:
            raise RobustEndoError(f"Expected a batch of at least 1 frame, got {self.batch_size}.")
        if self.address is not None and self.engine != "ray":
            raise RobustEndoError(
                f"Expected an address only with the engine ray, got {self.address!r}: add --engine ray."
            )
        if self.shard is not None:
            parse_shard(self.shard)
        check_severity_options(self, SEVERITIES)
        check_adaptation(self)
        self._check_protocol()

    def _check_protocol(self) -> None:
        """The protocol ``endoarss`` includes the authors' suite at 256 x 256."""
        if self.protocol != "endoarss":
            return
        conflicts = [
            f"{name} {value}"
            for name, value, allowed in (
                ("suite", self.suite, (None, "endoarss")),
                ("backend", self.backend, ("builtin",)),
                ("resolution", self.resolution, (None, _ENDOARSS_SIZE)),
            )
            if value not in allowed
        ]
        if conflicts:
            raise RobustEndoError(
                f"Expected the suite endoarss at 256x256 under the protocol endoarss, got {', '.join(conflicts)}: "
                "leave that out, or choose the protocol standard."
            )

    @property
    def metric_options(self) -> dict[str, Any]:
        """The options of metrics, by name, as :meth:`Task.metric_settings` takes them."""
        return {"nsd_tolerance": self.nsd_tolerance, "spacing": self.spacing, "region": self.region}

    @property
    def run_severities(self) -> tuple[float, ...]:
        """The severities of the conditions; one where a target distortion sets the parameters."""
        return self.severities if self.target_distortion is None else (1,)

    @property
    def suite_name(self) -> str:
        """The suite, by default that of the protocol."""
        return self.suite or ("endoarss" if self.protocol == "endoarss" else "endo19")


class EvaluationOptions(TypedDict, total=False):
    """The keyword arguments of :func:`rb.evaluate` that are fields of :class:`EvaluationConfig`."""

    protocol: Literal["standard", "endoarss"]
    backend: Literal["builtin", "imagecorruptions"]
    resolution: Resolution | None
    failure_point: str | None
    target_distortion: float | None
    limit: int | None
    seed: int
    replicates: int
    device: str
    precision: Literal["auto", "fp32", "bf16"]
    batch_size: int | None
    adapt: str | None
    compile: bool
    workers: int | None
    address: str | None
    gallery_frames: int
    keep_frames: int
    save_predictions: Literal["none", "worst", "all", "worst+logits", "all+logits"]
    nsd_tolerance: Sequence[str]
    spacing: float | tuple[float, float] | None
    region: Literal["frame", "content"]
    calibration: Sequence[str]
    notes: Sequence[str]


def config_from_options(options: EvaluationOptions, **others: Any) -> EvaluationConfig:
    """A configuration from keyword arguments.

    Raises:
        RobustEndoError: see :class:`EvaluationConfig`.
    """
    values: Mapping[str, Any] = options
    sequences = {name: tuple(values[name]) for name in ("notes", "nsd_tolerance", "calibration") if name in values}
    return EvaluationConfig(**{**values, **sequences, **others})
