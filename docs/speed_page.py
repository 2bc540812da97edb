"""The generated part of docs/speed.md: ``python docs/speed_page.py`` writes it from benchmarks/results/*.json.

A test checks that page and results agree.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from speed_estimate import estimate
from speed_gpu import measured, table7
from speed_parts import corruptions, masks, surfaces, table

DOCS = Path(__file__).parent
PAGE = DOCS / "speed.md"
RESULTS = DOCS.parent / "benchmarks" / "results"
BEGIN, END = "<!-- written by docs/speed_page.py: begin -->", "<!-- written by docs/speed_page.py: end -->"
NOISE = 0.02
"""Two times that differ by less are the same on a shared machine."""

Result = dict[str, Any]
Lines = Iterator[str]


def updated_page(page: str, results: Path = RESULTS) -> str:
    """The page with a new generated part."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{text(results)}\n{END}{rest.split(END)[1]}"


def text(results: Path) -> str:
    """All sections, in Markdown."""
    sections: Sequence[tuple[str, str, Callable[[Result], Lines], str]] = (
        ("Evaluation versus forward passes", "evaluation_cpu", forward_only, "bench_evaluation"),
        ("Versus a conventional pipeline", "evaluation_cpu", baseline_pipeline, "bench_evaluation"),
        ("Growth", "growth_cpu", growth, "bench_growth"),
        ("Ray", "ray_cpu", ray, "bench_ray"),
        ("On a GPU", "gpu_measured*", measured, "gpu_all"),
        ("Table VII at full size on a GPU", "gpu_table7*", table7, "gpu_table7"),
        ("GPU: an estimate", "gpu_estimate", estimate, "gpu_estimate"),
        ("Table VII at full size on a CPU, extrapolated", "table7_cpu", table7_cpu, "bench_table7"),
        ("Corruptions versus other packages", "corruptions_cpu", corruptions, "bench_corruptions"),
        ("Surface distances versus MONAI and others", "surface_cpu", surfaces, "bench_surface"),
        ("Mask SSIM and counts versus scikit-image and others", "metrics_cpu", masks, "bench_metrics"),
    )
    lines: list[str] = []
    for title, name, section, script in sections:
        lines += [f"## {title}", ""]
        files = sorted(results.glob(f"{name}.json"))
        for file in files:
            result = json.loads(file.read_text("utf-8"))
            lines += [
                *section(result),
                "",
                f"{where(result)} `benchmarks/{script}.py`, `benchmarks/results/{file.name}`.",
                "",
            ]
        if not files:
            where_not = " on a GPU" if script.startswith("gpu_") else ""
            lines += [f"Not measured{where_not} yet: `python benchmarks/{script}.py`.", ""]
    return "\n".join(lines)


def where(result: Result) -> str:
    """Machine, versions and date."""
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    device = f"{result['device']}, " if "device" in result else ""
    cores = f"{result['cores']} CPU cores, " if "cores" in result else ""
    system = result["platform"].partition("-with")[0]
    return f"*{device}{cores}{system}, Python {result['python']}, {versions}; {result['date']}.*"


def forward_only(result: Result) -> Lines:
    """(a) of bench_evaluation."""
    height, width = result["size"]
    yield f"From PNG files to the results on disk, frames of {height} x {width} px. Target for `dinov2/hps`, plain"
    yield f"DINOv2 ViT-B/14 with one head per task at 224 x 224 px: at most {result['wanted']['whole']}.\n"
    rows = [
        (
            ", ".join(f"`{model}`" for model in row["models"]),
            row["frames"],
            row["passes"],
            f"{row['whole_s']:.1f}",
            f"{row['forward_s']:.1f}",
            f"**{row['ratio']:.2f}**",
        )
        for row in result["forward_alone"].values()
    ]
    yield from table(("models", "frames", "frames x conditions", "evaluation, s", "forward passes, s", "ratio"), rows)


def baseline_pipeline(result: Result) -> Lines:
    """(b) of bench_evaluation."""
    row = result["usual_way"]
    if row is None:
        yield "Not measured: it needs the extras `imagecorruptions` and `peers`."
        return
    phases = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in row["usual_phases_s"].items())
    ours = sum(row["ours_s"]) / len(row["ours_s"])
    yield f"{row['frames']} frames, {row['conditions']} conditions (the {len(row['corruptions'])} corruptions that"
    yield "imagecorruptions has), the three shipped models. The conventional pipeline: corrupted copies on disk, one"
    yield "pass over them per condition and model, MONAI and scikit-image; it loads its models once"
    yield "and writes no results.\n"
    yield from table(
        ("", "seconds"),
        [("robustbench_endo", f"{ours:.1f}"), (f"conventional pipeline ({phases})", f"{row['usual_s']:.1f}")],
    )
    yield f"\nTimes as fast: **{row['ratio']:.1f}** (target: at least {result['wanted']['usual']})."


def growth(result: Result) -> Lines:
    """bench_growth."""
    frames = result["series"][0]["frames"]
    corruptions = " and ".join(result["corruptions"]).replace("_", " ")
    yield f"Clean, {corruptions} at severity {result['severities'][0]}, frames corrupted at their original"
    yield "size, every run in a separate process; runs of 224 px, too short to time once, are"
    yield f"the median of {result['series'][0]['rounds']}. Memory is the largest of the process, libraries and weights"
    yield "included.\n"
    for key, label, digits in (("seconds", "seconds", 1), ("peak_mib", "MiB", 0)):
        rows = [
            (f"{row['models']} model{'s' * (row['models'] > 1)}, {row['short_side']} px",)
            + tuple(f"{value:.{digits}f}" for value in row[key])
            + ((f"{row['r2']:.4f}",) if key == "seconds" else (f"{row['memory_growth_percent']:+.1f} %",))
            for row in result["series"]
        ]
        last = "R² of a line" if key == "seconds" else f"from {50 if 50 in frames else frames[0]} to {frames[-1]}"
        yield from table((f"{label} for ... frames", *map(str, frames), last), rows)
        yield ""
    target = result["wanted"]
    yield f"Target: R² at least {target['r2']}, memory within {target['memory_growth_percent']:.0f} %."


def ray(result: Result) -> Lines:
    """bench_ray."""
    same = len({row["results_sha256"] for row in result["runs"]}) == 1
    yield f"{result['frames']} frames, {result['conditions']} conditions, {len(result['models'])} models;"
    yield f"`results.parquet` {'is identical byte for byte' if same else '**differs**'}.\n"
    rows = [
        (row["engine"], row["workers"], f"{row['seconds']:.1f}", f"{row['starting_ray_s']:.1f}")
        for row in result["runs"]
    ]
    yield from table(("engine", "workers", "seconds", "start of Ray, s"), rows)


def table7_cpu(result: Result) -> Lines:
    """bench_table7."""
    height, width = result["frame"]
    far, near = result["extrapolated"], result["measured"]
    yield f"{width} x {height} px, 96 conditions, three networks that share each corrupted image:"
    same = abs(far["whole_h"] / far["forward_h"] - 1) < NOISE
    forward = "as long, within the noise of this machine" if same else f"{far['forward_h']:.1f} hours"
    yield f"**{far['whole_h']:.1f} hours**, {far['note']}; the forward passes only would take {forward}."
    yield f"Measured: {near['whole_s']:.0f} s in total, {near['around_s']:.0f} s of it once per run,"
    yield f"{near['forward_s']:.0f} s forward passes, ratio {near['ratio']:.2f}.\n"
    passes = near["passes"]
    rows = [(phase, f"{1e3 * seconds / passes:.1f}") for phase, seconds in near["phases_s"].items()]
    rows += [(f"forward pass of `{name}`, one thread", f"{ms:.0f}") for name, ms in result["forward_ms"].items()]
    yield from table(("part (seconds of threads)", "ms per frame and condition"), rows)


def main() -> None:
    """Write the page."""
    PAGE.write_text(updated_page(PAGE.read_text("utf-8")), "utf-8")
    sys.stdout.write(f"{PAGE}\n")


if __name__ == "__main__":
    main()
