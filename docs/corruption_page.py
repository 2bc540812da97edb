"""The generated part of docs/corruptions.md: images, parameters and measured distortion of each corruption."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from robustbench_endo.cli.list_commands import constants, parameters
from robustbench_endo.corruptions import SEVERITIES, CorruptedBatch, Corruption, Suite, load_suite
from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.metrics import CleanReference
from robustbench_endo.reports.formatting import title

DOCS = Path(__file__).parent
PAGE = DOCS / "corruptions.md"
DISTORTION = DOCS / "distortion.json"
STRIPS = DOCS / "images" / "corruptions"
EXTENSION = "endo-surgical"
GOLDEN = DOCS.parent / "corruptions" / "golden.json"
BEGIN, END = "<!-- written by make figures: begin -->", "<!-- written by make figures: end -->"

_SIZE = (256, 320)
_SCENE = 5
_CROP = (slice(48, 208), slice(72, 248))  # not scaled, so that noise and blocks stay visible
_GAP = 3


def strip(suite: Suite, name: str) -> Image.Image:
    """A part of one scene, clean and at the five severities, side by side."""
    sample = SyntheticScenes(split="test", size=_SIZE)[_SCENE]
    tiles = [_tile(sample.image[None] / 255)]
    tiles += [_tile(_corrupt(suite, sample.image, name, severity, sample.id).images) for severity in SEVERITIES]
    gap = np.full((tiles[0].shape[0], _GAP, 3), 255, np.uint8)
    return Image.fromarray(np.concatenate([part for tile in tiles for part in (tile, gap)][:-1], axis=1))


def measure_distortion(suite: Suite) -> dict[str, Any]:
    """Mean distortion of all synthetic test scenes by corruption and severity."""
    return {
        "frames": len(SyntheticScenes(split="test", size=_SIZE)),
        "size": list(_SIZE),
        "suite_hash": suite.fingerprint,
        "golden_sha256": golden_hash(),
        "corruptions": _distortion(suite),
        "extension": _distortion(load_suite(EXTENSION)),
    }


def _distortion(suite: Suite) -> dict[str, dict[str, list[float]]]:
    data = SyntheticScenes(split="test", size=_SIZE)
    measured: dict[str, list[list[dict[str, float]]]] = {name: [[] for _ in SEVERITIES] for name in suite.names}
    for index in range(len(data)):
        sample = data[index]
        clean = CleanReference(sample.image[None] / 255)
        for name in suite.names:
            for severity in SEVERITIES:
                corrupted = _corrupt(suite, sample.image, name, severity, sample.id)
                measured[name][severity - 1].append(_measured(clean, corrupted))
    return {name: _means(levels) for name, levels in measured.items()}


def golden_hash() -> str:
    """SHA-256 of the golden table: after a change of pixels the distortion has to be measured again."""
    return hashlib.sha256(GOLDEN.read_bytes()).hexdigest()


def updated_page(page: str, suite: Suite, measured: Mapping[str, Any]) -> str:
    """The page with a new generated part."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{text(suite, measured)}\n{END}{rest.split(END)[1]}"


def text(suite: Suite, measured: Mapping[str, Any]) -> str:
    """The overview and a section per corruption, in Markdown."""
    distortion = measured["corruptions"]
    described = {entry["name"]: entry for entry in suite.describe()}
    lines = [*_overview(suite, distortion), ""]
    for item in suite.corruptions:
        lines += [*_section(item, described[item.name], distortion[item.name]), ""]
    lines += [*_extension(load_suite(EXTENSION), measured.get("extension", {})), ""]
    return "\n".join(lines)


def _overview(suite: Suite, distortion: Mapping[str, Any]) -> Iterator[str]:
    yield "| corruption | category | SSIM at severity 1, 2, 3, 4, 5 | effect on geometry and view |"
    yield "|---|---|---|---|"
    for item in suite.corruptions:
        link = f"[{title(item.name)}](#{title(item.name).lower().replace(' ', '-')})"
        measured = distortion[item.name]
        yield f"| {link} | {item.category} | {_row(measured['ssim'], 2)} | {_effect(measured)} |"


def _section(item: Corruption, entry: Mapping[str, Any], measured: Mapping[str, Any]) -> Iterator[str]:
    rows = parameters(entry)
    yield f"### {title(item.name)}\n"
    yield f"![{title(item.name)}: clean, then severities 1 to 5](images/corruptions/{item.name}.jpg)\n"
    yield f"**Cause**: {item.cause}\n"
    yield f"{_description(type(item))}\n"
    yield "| | unit | 1 | 2 | 3 | 4 | 5 |"
    yield "|---|---|---|---|---|---|---|"
    for parameter in rows:
        if not parameter.constant:
            yield f"| `{parameter.name}` | {parameter.unit} | {' | '.join(parameter.values)} |"
    for label, unit, values in _measured_rows(measured):
        yield f"| *{label}* | {unit} | {' | '.join(values)} |"
    yield "\nParameters:\n"
    yield from _attributes(type(item.severities[0]))
    if fixed := constants(rows):
        yield f"\nThe same at every severity: {fixed}."
    yield f"\nAfter: {item.citation}"


def _extension(suite: Suite, measured: Mapping[str, Any]) -> Iterator[str]:
    """A section with one table: what the corruptions of ``suite`` are and their parameters by severity."""
    yield f"## The surgical extension, suite `{suite.name}`\n"
    yield f"{len(suite.corruptions)} corruptions beyond the nineteen, with parameters in physical units; the default is"
    yield "`endo19`. `video_compression` needs PyAV: `pip install 'robustbench-endo[video]'`. The codecs of it and of"
    yield "`jpeg2000` run on the host: a batch on a GPU is copied there and back once. The others never wait for it"
    yield "after their first call.\n"
    yield "| corruption | category | parameters at severity 1, 2, 3, 4, 5 | SSIM | cause | after |"
    yield "|---|---|---|---|---|---|"
    for item, entry in zip(suite.corruptions, suite.describe(), strict=True):
        rows = parameters(entry)
        varying = [f"`{row.name}` {', '.join(row.values)} {row.unit}" for row in rows if not row.constant]
        fixed = [constants(rows)] if constants(rows) else []
        ssim = _row(measured[item.name]["ssim"], 2) if item.name in measured else ""
        cells = (f"`{item.name}`", item.category, "; ".join(varying + fixed), ssim, item.cause, item.citation)
        yield f"| {' | '.join(cells)} |"


def _description(kind: type) -> str:
    """The docstring of a class without its example."""
    return str(inspect.getdoc(kind)).split("\n\n>>>")[0]


def _attributes(kind: type) -> Iterator[str]:
    """The attributes section of the docstring of a class as a Markdown list."""
    section = str(inspect.getdoc(kind)).split("Attributes:\n")[1]
    for name, text in re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", section, re.MULTILINE):
        yield f"* `{name}`: {' '.join(text.split())}"


def _measured_rows(measured: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    yield "SSIM", "", [f"{value:.3f}" for value in measured["ssim"]]
    yield "PSNR", "dB", [f"{value:.1f}" for value in measured["psnr"]]
    if any(measured["moved"]):
        yield "mean shift", "px", [f"{value:.2f}" for value in measured["moved"]]
    if any(measured["covered"]):
        yield "mean opacity", "fraction", [f"{value:.3f}" for value in measured["covered"]]


def _effect(measured: Mapping[str, Any]) -> str:
    if any(measured["moved"]):
        return f"moves the scene by {_row(measured['moved'], 1)} px; masks follow"
    if any(measured["covered"]):
        return f"hides {_row([100 * value for value in measured['covered']], 0)} % of the view; opacity map"
    return ""


def _row(values: Sequence[float], digits: int) -> str:
    return ", ".join(f"{value:.{digits}f}" for value in values)


def _corrupt(suite: Suite, image: torch.Tensor, name: str, severity: int, image_id: str) -> CorruptedBatch:
    return suite.corrupt(image[None] / 255, name, severity, [image_id])


def _measured(clean: CleanReference, corrupted: CorruptedBatch) -> dict[str, float]:
    images = (corrupted.images * 255).round() / 255
    return {
        "ssim": float(clean.ssim(images)),
        "psnr": float(clean.psnr(images)),
        "moved": 0.0 if corrupted.grid is None else _mean_shift(corrupted.grid),
        "covered": 0.0 if corrupted.opacity is None else float(corrupted.opacity.mean()),
    }


def _mean_shift(grid: torch.Tensor) -> float:
    height, width = grid.shape[1:3]
    still = torch.nn.functional.affine_grid(torch.eye(2, 3)[None], [1, 1, height, width], align_corners=False)
    return float(((grid - still) * torch.tensor([width / 2, height / 2])).norm(dim=-1).mean())


def _means(levels: Sequence[Sequence[Mapping[str, float]]]) -> dict[str, list[float]]:
    return {
        key: [round(float(np.mean([frame[key] for frame in level])), 4) for level in levels] for key in levels[0][0]
    }


def _tile(image: torch.Tensor) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = (image[0] * 255).round().byte().permute(1, 2, 0).numpy()[_CROP]
    return pixels


def write(suite: Suite) -> None:
    """Write the image strips, the distortion and the generated part of the page."""
    STRIPS.mkdir(parents=True, exist_ok=True)
    for name in suite.names:
        strip(suite, name).save(STRIPS / f"{name}.jpg", quality=80, optimize=True)
    measured = measure_distortion(suite)
    DISTORTION.write_text(json.dumps(measured, indent=1) + "\n", "utf-8")
    PAGE.write_text(updated_page(PAGE.read_text("utf-8"), suite, measured), "utf-8")
