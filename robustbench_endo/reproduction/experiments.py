"""The experiments of each table and figure of the paper: what is trained, and on which data it is evaluated."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from robustbench_endo.errors import ReproductionError, unknown_name

CellTasks = Literal["both", "classification", "segmentation"]

TASKS: Mapping[CellTasks, tuple[str, ...]] = {
    "both": ("segmentation", "activity"),
    "classification": ("activity",),
    "segmentation": ("segmentation",),
}
"""What the paper calls the task of a network -> names of the tasks in this package."""

BACKBONES = {"ResNet101": "resnet101", "DINOv2": "dinov2", "EndoARSS": "endoarss"}

ARCHITECTURES = {
    "MMoE": "mmoe@gate=flat",  # the paper's gates see the flattened input
    "DSelect_k": "dselect_k@gate=flat",
    "TESLA": "tesla",
    "single-task": "single-task",
}

WEIGHTINGS = {"MoCo": "moco", "Aligned-MTL": "aligned_mtl", "STCH": "stch", "DB-MTL": "db_mtl"}

METRIC_NAMES: Mapping[str, Mapping[str, str]] = {
    "endoarss": {
        "accuracy": "endoarss_accuracy",
        "f_score": "endoarss_f1",
        "miou": "endoarss_miou",
        "dice": "endoarss_dice",
        "hd": "endoarss_hd",
        "ssim": "endoarss_ssim",
    },
    "standard": {
        "accuracy": "accuracy",
        "f_score": "macro_f1",
        "miou": "miou",
        "dice": "dice",
        "hd": "hd",
        "ssim": "ssim",
    },
}
"""Protocol -> the paper's name of a metric -> its name in :class:`Results`."""

LORA_RANK = 4


@dataclass(frozen=True)
class Cell:
    """One training, shared by all tables that show it.

    Attributes:
        data: training data set, `mtlesd` or `mtlendovis`.
        model: the network's spec.
        weighting: the multi-task method, see :mod:`robustbench_endo.training.weighting`.
        task: `both`, or the one task of a single-task network.
        label: as printed, in the paper's words.
    """

    data: str
    model: str
    weighting: str
    task: CellTasks
    label: str

    @property
    def folder(self) -> str:
        """Path below the folder of all cells, such as ``mtlesd/resnet101_mmoe_gate-flat_moco``."""
        parts = [self.model, self.weighting] if self.task == "both" else [self.model, self.task]
        return f"{self.data}/{re.sub('[^a-z0-9-]+', '_', '_'.join(parts).replace('=', '-'))}"


def cell(data: str, backbone: str, architecture: str, method: str, rank: int = LORA_RANK) -> Cell:
    """The training of a row of the paper.

    Args:
        data: `MTLESD` or `MTLEndovis`.
        backbone, architecture, method: as the tables print them; a single-task network has its task as ``method``.
        rank: of LoRA, for the table that varies it.
    """
    model = f"{BACKBONES[backbone]}/{ARCHITECTURES[architecture]}"
    label = f"{backbone}/{architecture}/{method}"
    if rank != LORA_RANK:  # the default is left out, so that tables share the cell
        model, label = f"{model}@rank={rank}", f"{label}, rank {rank}"
    task: CellTasks = "both"
    if architecture == "single-task":
        task = "classification" if method == "classification" else "segmentation"
    return Cell(data.lower(), model, WEIGHTINGS.get(method, "equal"), task, label)


FOLDER = Path(__file__).parent / "tables"

FILES = {
    "table1": "table1_datasets",
    "table2": "table2_mtlesd",
    "table3": "table3_mtlendovis",
    "table4": "table4_mtlendovis_gen",
    "table5": "table5_ablation",
    "table6": "table6_rank",
    "table7": "table7_robustness",
}


def published(table: str) -> pd.DataFrame:
    """A table of the paper: labels as text, numbers in the paper's units (% except for the Hausdorff distance).

    Raises:
        ReproductionError: the paper has no such table.
    """
    if table not in FILES:
        raise ReproductionError(
            f"Expected a table of the paper ({', '.join(FILES)}), got {table!r}: choose one of them."
        )
    return pd.read_csv(FOLDER / f"{FILES[table]}.csv")


METRICS = ("accuracy", "f_score", "miou", "dice", "hd", "ssim")

WITH_SPREADS = ("accuracy", "accuracy_std", "f_score", "miou", "miou_std", "dice", "hd", "ssim")
"""The metrics of Table V; see :mod:`robustbench_endo.reproduction.activity_spread`."""

_COMPARED = ("backbone", "architecture", "optimization")

GEN = "mtlendovis-gen"

CLEAN, ROBUST = "clean", "robust"


@dataclass(frozen=True)
class Row:
    """A row of numbers of one network.

    Attributes:
        labels: column -> text.
        cell: the training.
        published: metric -> number in the paper; a metric that the paper leaves empty is missing.
        test_data: the data set on whose test frames it is evaluated.
        corruption: of these numbers, `mean` for the mean over all; empty for clean frames.
    """

    labels: Mapping[str, str]
    cell: Cell
    published: Mapping[str, float]
    test_data: str
    corruption: str = ""


@dataclass(frozen=True)
class Grid:
    """A table or figure.

    Attributes:
        name: `table2`, ...
        title: what it shows.
        rows: in the paper's order.
        metrics: in the paper's order and words.
        kind: `clean` frames or `robust`: all corruptions at all severities.
        remarks: sentences that are printed with it.
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    metrics: tuple[str, ...] = METRICS
    kind: str = CLEAN
    remarks: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns with labels."""
        return tuple(self.rows[0].labels)

    @property
    def runs(self) -> tuple[tuple[Cell, str], ...]:
        """Every (training, test data set), once."""
        return tuple(dict.fromkeys((row.cell, row.test_data) for row in self.rows))

    @property
    def datasets(self) -> tuple[str, ...]:
        """The data sets of training and evaluation."""
        return tuple(dict.fromkeys(name for trained, test_data in self.runs for name in (trained.data, test_data)))


def _comparison(table: str, data: str, test_data: str) -> tuple[Row, ...]:
    """Tables II to IV."""

    def row(line: Any) -> Row:
        backbone, architecture, method = (str(line[key]) for key in _COMPARED)
        names = dict(zip(_COMPARED, (backbone, architecture, method), strict=True))
        return Row(names, cell(data, backbone, architecture, method), _numbers(line), test_data)

    return tuple(row(line) for _, line in published(table).iterrows())


def _ablation() -> tuple[Row, ...]:
    """Table V: each row is one of Table II or III, by its numbers; so its switches name backbone and architecture."""

    def row(line: Any) -> Row:
        names = {key: str(line[key]) for key in ("dataset", "dinov2", "tesla", "sma")}
        backbone = "ResNet101" if names["dinov2"] == "no" else "EndoARSS" if names["sma"] == "yes" else "DINOv2"
        method = "STCH" if backbone == "EndoARSS" and names["dataset"] == "MTLEndovis" else "DB-MTL"
        trained = cell(names["dataset"], backbone, "TESLA" if names["tesla"] == "yes" else "MMoE", method)
        return Row(names, trained, _numbers(line), trained.data)

    return tuple(row(line) for _, line in published("table5").iterrows())


def _ranks() -> tuple[Row, ...]:
    """Table VI."""

    def row(line: Any) -> Row:
        names = {"dataset": str(line["dataset"]), "rank": str(line["rank"])}
        trained = cell(names["dataset"], "EndoARSS", "TESLA", _ENDOARSS_METHOD[names["dataset"]], int(line["rank"]))
        return Row(names, trained, _numbers(line), trained.data)

    return tuple(row(line) for _, line in published("table6").iterrows())


_ENDOARSS_METHOD = {"MTLESD": "DB-MTL", "MTLEndovis": "STCH"}
"""Multi-task method of EndoARSS in the paper's tables."""

COLUMNS = {
    "resnet101_dselectk": ("ResNet101", "DSelect_k"),
    "resnet101_mmoe": ("ResNet101", "MMoE"),
    "endoarss": ("EndoARSS", "TESLA"),
}
"""The models of Table VII."""


def _robustness() -> tuple[Row, ...]:
    """Table VII: a row per corruption and model."""

    def row(line: Any, column: str) -> Row:
        names = {
            "category": str(line["category"]),
            "corruption": str(line["corruption"]),
            "model": "/".join(COLUMNS[column]),
        }
        numbers = {metric: float(line[f"{metric}_{column}"]) for metric in ("accuracy", "miou")}
        return Row(names, cell("MTLESD", *COLUMNS[column], "DB-MTL"), numbers, "mtlesd", names["corruption"])

    return tuple(row(line, column) for _, line in published("table7").iterrows() for column in COLUMNS)


def _mask_rows() -> tuple[Row, ...]:
    """Figure 5: every backbone under TESLA."""
    cells = [cell("MTLESD", backbone, "TESLA", "DB-MTL") for backbone in ("ResNet101", "DINOv2", "EndoARSS")]
    return tuple(Row({"model": each.label}, each, {}, "mtlesd") for each in cells)


def _numbers(line: Any) -> dict[str, float]:
    return {metric: float(line[metric]) for metric in WITH_SPREADS if metric in line and not pd.isna(line[metric])}


_DB_MTL = "The paper does not state the multi-task method of its robustness study: DB-MTL is used here."

_ROBUST = ("accuracy", "miou")

GRIDS: dict[str, Callable[[], Grid]] = {
    "table2": lambda: Grid("table2", "Table II: MTLESD", _comparison("table2", "MTLESD", "mtlesd")),
    "table3": lambda: Grid("table3", "Table III: MTLEndovis", _comparison("table3", "MTLEndovis", "mtlendovis")),
    "table4": lambda: Grid(
        "table4",
        "Table IV: trained on MTLEndovis, evaluated on MTLEndovis-Gen",
        _comparison("table4", "MTLEndovis", GEN),
        remarks=("The networks of Table III, unchanged: labels and activities keep the indices of MTLEndovis.",),
    ),
    "table5": lambda: Grid(
        "table5",
        "Table V: ablation",
        _ablation(),
        metrics=WITH_SPREADS,
        remarks=(
            "SD over activities: of the accuracy of each activity, and of the mean IoU of foreground against "
            "background of each activity, as the authors' std.py computes them. It is no spread over trainings.",
        ),
    ),
    "table6": lambda: Grid("table6", "Table VI: rank of LoRA in EndoARSS", _ranks()),
    "table7": lambda: Grid(
        "table7", "Table VII: 19 corruptions", _robustness(), metrics=_ROBUST, kind=ROBUST, remarks=(_DB_MTL,)
    ),
    "figure5": lambda: Grid("figure5", "Figure 5: masks on test frames", _mask_rows()),
    "figure6": lambda: Grid(
        "figure6", "Figure 6: severity curves", _robustness(), metrics=_ROBUST, kind=ROBUST, remarks=(_DB_MTL,)
    ),
}


def grid(name: str) -> Grid:
    """The grid of a table or figure.

    Raises:
        UnknownNameError: an unknown name; the message suggests the closest.
    """
    if name not in GRIDS:
        raise unknown_name("table or figure of the paper", name, GRIDS)
    return GRIDS[name]()
