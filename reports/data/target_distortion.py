"""The severities of a run at a target distortion in reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robustbench_endo.reports.data.tables import PLAIN, Cell, Column, Row, Table
from robustbench_endo.reports.formatting import title

if TYPE_CHECKING:
    from robustbench_endo.results import Results

TOLERANCE = 0.005

TARGET_NOTE = (
    "Every corruption was evaluated at one severity, solved on a sample of the frames so that its mean distortion "
    "(1 - image SSIM) is the target. The run calls it severity 1 everywhere else."
)


def target_tables(results: Results) -> list[Table]:
    """One table with the severity and the distortion of each corruption; none for a run without a target."""
    stored = results.info.get("target_distortion")
    if stored is None:
        return []
    target = float(stored["target"])
    rows, missed = [], []
    for entry in stored["corruptions"]:
        severity, distortion = float(entry["severity"]), float(entry["distortion"])
        cells = Cell(f"{severity:.4g}", severity), Cell(f"{distortion:.3f}", distortion)
        keys = {"corruption": entry["name"], "statistic": "target_distortion"}
        rows.append(Row(PLAIN, title(entry["name"]), cells, keys))
        if abs(distortion - target) > TOLERANCE:
            missed.append(title(entry["name"]))
    columns = tuple(Column(label, keys={"unit": label.lower()}) for label in ("Severity", "Distortion"))
    remarks = [TARGET_NOTE]
    if missed:
        remarks.append(f"Not within {TOLERANCE} of the target, because the distortion jumps: {', '.join(missed)}.")
    caption = f"Severities with a distortion of {target:g}"
    return [Table("target-distortion", caption, "Corruption", columns, tuple(rows), remarks=tuple(remarks))]
