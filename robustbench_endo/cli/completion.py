"""Values that a shell completes: models, corruptions, suites, data sets, formats, devices, run folders and files.

Names are constants, because their registries import torch; a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import click
from click.shell_completion import CompletionItem

_BACKBONES = ("tiny-resnet", "tiny-endoarss", "resnet101", "dinov2", "dinov3", "endoarss")
_ARCHITECTURES = ("mmoe", "dselect_k", "tesla", "hps", "single-task")
MODELS = (*(f"{backbone}/{head}" for backbone in _BACKBONES for head in _ARCHITECTURES), "endoarss/official")
CATEGORIES = ("noise", "blur", "occlusion", "digital")
CORRUPTIONS = (
    *("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"),
    *("defocus_blur", "gaussian_blur", "glass_blur", "motion_blur", "zoom_blur"),
    *("bleeding", "brightness", "smoke", "spatter"),
    *("contrast", "elastic_transform", "gamma_correction", "jpeg_compression", "pixelate", "saturate"),
    *("lens_fog", "bubbles", "specular_glare", "low_light", "white_balance", "vignetting", "lens_distortion"),
    *("depth_defocus", "edge_enhancement", "interlacing", "jpeg2000", "video_compression"),
)
SELECTIONS = ("all", "recorded", "clean", "pairwise")
DATASETS = (
    *("folder", "manifest", "video", "synthetic", "mtlesd", "mtlendovis", "mtlendovis-gen", "endovis15", "endovis17"),
    *("endovis18", "cholecseg8k", "kvasir-instrument", "segstrong-c"),
)
SUITES = ("endo19", "endo-surgical", "endoarss", "imagenet-c")
DEVICES = ("auto", "cpu", "cuda", "cuda:0")
REPORT_FORMATS = ("html", "pdf", "latex", "md", "csv", "figures", "none")
RUN_FILE = "run.json"

Complete = Callable[[str], Iterable[CompletionItem]]


def complete_value(parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completions of a value, by the name of its option or the metavar of its argument; none for others."""
    if isinstance(parameter, click.Option):
        complete = _BY_OPTION.get(parameter.opts[0] if parameter.opts[0].startswith("--") else parameter.opts[-1])
    else:
        complete = _BY_ARGUMENT.get((parameter.metavar or "").strip(".[]"))
    return [] if complete is None or isinstance(parameter.type, click.Choice) else list(complete(incomplete))


def _words(names: Sequence[str]) -> Complete:
    return lambda incomplete: (CompletionItem(name) for name in names if name.startswith(incomplete))


def _words_and_files(names: Sequence[str]) -> Complete:
    def complete(incomplete: str) -> Iterable[CompletionItem]:
        items = list(_words(names)(incomplete))
        return items or [CompletionItem(incomplete, type="file")]

    return complete


def _separated(names: Sequence[str]) -> Complete:
    """Names separated by commas, of which the last one is incomplete."""

    def complete(incomplete: str) -> Iterable[CompletionItem]:
        head, comma, last = incomplete.rpartition(",")
        return (CompletionItem(f"{head}{comma}{name}") for name in names if name.startswith(last))

    return complete


def _run_folders(incomplete: str) -> Iterable[CompletionItem]:
    """Folders with a run, and those on the way to one."""
    parent = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    prefix = "" if incomplete.endswith("/") else Path(incomplete).name
    try:
        folders = sorted(each for each in parent.iterdir() if each.is_dir() and each.name.startswith(prefix))
        runs = [CompletionItem(str(each)) for each in folders if (each / RUN_FILE).is_file()]
    except OSError:
        runs = []
    return runs or [CompletionItem(incomplete, type="dir")]


_BY_OPTION: Mapping[str, Complete] = {
    "--model": _words_and_files(MODELS),
    "--baseline": _words(MODELS),
    "--data": _words_and_files(DATASETS),
    "--corruption": _separated((*SELECTIONS, *CATEGORIES, *CORRUPTIONS)),
    "--train-corruption": _separated(("all", *CATEGORIES, *CORRUPTIONS)),
    "--suite": _words_and_files(SUITES),
    "--device": _words(DEVICES),
    "--format": _separated(REPORT_FORMATS),
}
_BY_ARGUMENT: Mapping[str, Complete] = {
    "RUN": _run_folders,
    "MODEL": _words_and_files(MODELS),
    "DATA": _words_and_files(DATASETS),
}
