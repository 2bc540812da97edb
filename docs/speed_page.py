"""What docs/speed.md shows: written from benchmarks/results/*.json by ``python docs/speed_page.py``, so that page and
results never disagree (a test compares them)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from speed_parts import corruptions, masks, surfaces, table

DOCS = Path(__file__).parent
PAGE = DOCS / "speed.md"
RESULTS = DOCS.parent / "benchmarks" / "results"
BEGIN, END = "<!-- written by docs/speed_page.py: begin -->", "<!-- written by docs/speed_page.py: end -->"
NOISE = 0.02
"""Two times that differ by less are the same on a shared machine."""

Found = dict[str, Any]
Lines = Iterator[str]


def written(page: str, results: Path = RESULTS) -> str:
    """The page with what stands between its markers written anew."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{text(results)}\n{END}{rest.split(END)[1]}"


def text(results: Path) -> str:
    """All sections, in Markdown."""
    sections: Sequence[tuple[str, str, Callable[[Found], Lines], str]] = (
        ("Whole evaluation and forward passes alone", "evaluation_cpu", forward_alone, "bench_evaluation"),
        ("Beside the usual way", "evaluation_cpu", usual_way, "bench_evaluation"),
        ("Growth", "growth_cpu", growth, "bench_growth"),
        ("Ray", "ray_cpu", ray, "bench_ray"),
        ("Table VII at full size on a GPU", "evaluation_gpu_*", table7_gpu, "bench_evaluation_gpu"),
        ("Table VII at full size on a CPU, extrapolated", "table7_cpu", table7_cpu, "bench_table7"),
        ("Corruptions, beside imagecorruptions", "corruptions_cpu", corruptions, "bench_corruptions"),
        ("Surface distances, beside MONAI and others", "surface_cpu", surfaces, "bench_surface"),
        ("Mask SSIM and counts, beside scikit-image and others", "metrics_cpu", masks, "bench_metrics"),
    )
    lines: list[str] = []
    for title, name, section, script in sections:
        lines += [f"## {title}", ""]
        files = sorted(results.glob(f"{name}.json"))
        for file in files:
            found = json.loads(file.read_text("utf-8"))
            lines += [
                *section(found),
                "",
                f"{where(found)} `benchmarks/{script}.py`, `benchmarks/results/{file.name}`.",
                "",
            ]
        if not files:
            lines += [f"Not measured yet: `python benchmarks/{script}.py`.", ""]
    return "\n".join(lines)


def where(found: Found) -> str:
    """Machine, versions and date."""
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    device = f"{found['device']}, " if "device" in found else ""
    cores = f"{found['cores']} CPU cores, " if "cores" in found else ""
    system = found["platform"].partition("-with")[0]
    return f"*{device}{cores}{system}, Python {found['python']}, {versions}; {found['date']}.*"


def forward_alone(found: Found) -> Lines:
    """(a) of bench_evaluation."""
    height, width = found["size"]
    yield f"From PNG files to the results on disk, frames of {height} x {width} px. Wanted for `dinov2/hps`, plain"
    yield f"DINOv2 ViT-B/14 with a head a task at 224 x 224 px: at most {found['wanted']['whole']}.\n"
    rows = [
        (
            ", ".join(f"`{model}`" for model in row["models"]),
            row["frames"],
            row["passes"],
            f"{row['whole_s']:.1f}",
            f"{row['forward_s']:.1f}",
            f"**{row['ratio']:.2f}**",
        )
        for row in found["forward_alone"].values()
    ]
    yield from table(("models", "frames", "frames x conditions", "whole, s", "forward alone, s", "ratio"), rows)


def usual_way(found: Found) -> Lines:
    """(b) of bench_evaluation."""
    row = found["usual_way"]
    if row is None:
        yield "Not measured there: it needs the extras `reference` and `peers`."
        return
    phases = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in row["usual_phases_s"].items())
    ours = sum(row["ours_s"]) / len(row["ours_s"])
    yield f"{row['frames']} frames, {row['conditions']} conditions (the {len(row['corruptions'])} corruptions that"
    yield "imagecorruptions has), the three shipped models. The usual way: corrupted copies on disk, a pass over them a"
    yield "condition and model, MONAI and scikit-image; it has its models loaded once and writes no results.\n"
    yield from table(
        ("", "seconds"),
        [("ours", f"{ours:.1f}"), (f"the usual way ({phases})", f"{row['usual_s']:.1f}")],
    )
    yield f"\nTimes as fast: **{row['ratio']:.1f}** (wanted: at least {found['wanted']['usual']})."


def growth(found: Found) -> Lines:
    """bench_growth."""
    frames = found["series"][0]["frames"]
    yield f"Clean, {' and '.join(found['corruptions']).replace('_', ' ')} at severity {found['severities'][0]}, frames"
    yield "corrupted at their own size, every run in a process of its own; runs of 224 px, too short to time once, are"
    yield f"the median of {found['series'][0]['rounds']}. Memory is the largest of the process, libraries and weights"
    yield "included.\n"
    for key, label, digits in (("seconds", "seconds", 1), ("peak_mib", "MiB", 0)):
        rows = [
            (f"{row['models']} model{'s' * (row['models'] > 1)}, {row['short_side']} px",)
            + tuple(f"{value:.{digits}f}" for value in row[key])
            + ((f"{row['r2']:.4f}",) if key == "seconds" else (f"{row['memory_growth_percent']:+.1f} %",))
            for row in found["series"]
        ]
        last = "R² of a line" if key == "seconds" else f"from {50 if 50 in frames else frames[0]} to {frames[-1]}"
        yield from table((f"{label} for ... frames", *map(str, frames), last), rows)
        yield ""
    wanted = found["wanted"]
    yield f"Wanted: R² at least {wanted['r2']}, memory within {wanted['memory_growth_percent']:.0f} %."


def ray(found: Found) -> Lines:
    """bench_ray."""
    same = len({row["results_sha256"] for row in found["runs"]}) == 1
    yield f"{found['frames']} frames, {found['conditions']} conditions, {len(found['models'])} models;"
    yield f"`results.parquet` {'is the same, byte for byte' if same else '**differs**'}.\n"
    rows = [
        (row["engine"], row["workers"], f"{row['seconds']:.1f}", f"{row['starting_ray_s']:.1f}")
        for row in found["runs"]
    ]
    yield from table(("engine", "workers", "seconds", "and to start Ray"), rows)


def table7_gpu(found: Found) -> Lines:
    """bench_evaluation_gpu."""
    height, width = found["frame"]
    wanted = found["wanted"]
    yield f"{found['device']}: frames of {width} x {height} px, 96 conditions, {found['precision']},"
    yield f"{found['batch']} frames at a time,"
    yield f"random weights. Wanted on an H100: at most {wanted['alone']} alone, {wanted['shared']} shared,"
    yield f"{wanted['minutes']:.0f} minutes for the table.\n"
    rows = [
        (
            ", ".join(f"`{name}`" for name in row["models"]),
            row["frames"],
            f"{row['whole_s']:.1f}",
            f"{row['forward_s']:.1f}",
            f"**{row['ratio']:.2f}**",
            f"{row['peak_mib'] / 1024:.1f}",
            f"{row['table7']['minutes']:.1f} ({row['table7']['note']})",
        )
        for row in (found.get(part) for part in ("alone", "shared"))
        if row
    ]
    yield from table(("models", "frames", "whole, s", "forward alone, s", "ratio", "GiB", "402 frames, minutes"), rows)


def table7_cpu(found: Found) -> Lines:
    """bench_table7."""
    height, width = found["frame"]
    far, near = found["extrapolated"], found["measured"]
    yield f"{width} x {height} px, 96 conditions, three networks that share each corrupted picture:"
    same = abs(far["whole_h"] / far["forward_h"] - 1) < NOISE
    alone = "as long, as far as this machine can tell" if same else f"{far['forward_h']:.1f} hours"
    yield f"**{far['whole_h']:.1f} hours**, {far['note']}; the forward passes alone would take {alone}."
    yield f"Measured: {near['whole_s']:.0f} s whole, {near['around_s']:.0f} s of it once a run,"
    yield f"{near['forward_s']:.0f} s forward alone, ratio {near['ratio']:.2f}.\n"
    passes = near["passes"]
    rows = [(phase, f"{1e3 * seconds / passes:.1f}") for phase, seconds in near["phases_s"].items()]
    rows += [(f"forward of `{name}` alone, one thread", f"{ms:.0f}") for name, ms in found["forward_ms"].items()]
    yield from table(("part (seconds of threads)", "ms a frame and condition"), rows)


def main() -> None:
    """Write the page."""
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
    sys.stdout.write(f"{PAGE}\n")


if __name__ == "__main__":
    main()
