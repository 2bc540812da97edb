"""Build the documentation site: ``python docs/build_site.py [--out FOLDER] [--report FILE]``.

The example report is that of ``make demo`` if it exists, otherwise a small one of two synthetic frames.
A warning (a broken link, a missing name) is an error.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent
DEMO = DOCS.parent / "runs" / "demo" / "report.html"
EXAMPLE = "example_report.html"
SMALL = {"limit": 2, "severities": (1, 3, 5)}


def build(out: Path, report: Path | None = None) -> Path:
    """Write the site into ``out`` and return its first page.

    Args:
        report: the example report; None: that of the demo, or a new small one.

    Raises:
        subprocess.CalledProcessError: Sphinx reported a problem on standard error.
    """
    with tempfile.TemporaryDirectory() as folder:
        extra, doctrees = Path(folder) / "extra", Path(folder) / "doctrees"
        extra.mkdir()
        example = report or (DEMO if DEMO.is_file() else None)
        if example is None:
            small_report(extra / EXAMPLE)
        else:
            (extra / EXAMPLE).write_bytes(example.read_bytes())
        sphinx = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", str(doctrees)]
        subprocess.run([*sphinx, "-D", f"html_extra_path={extra}", str(DOCS), str(out)], check=True)
    return out / "index.html"


def small_report(path: Path) -> None:
    """The report of the shipped models on a few synthetic frames under every corruption."""
    import robustbench_endo as rb
    from robustbench_endo.models import SHIPPED

    models = {name: rb.load_model(name, weights="pretrained") for name in SHIPPED}
    with tempfile.TemporaryDirectory() as folder:
        results = rb.evaluate(models, rb.load_dataset("synthetic", split="test"), out=Path(folder) / "demo", **SMALL)
        rb.report(results, path)


def main() -> None:
    """Build, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DOCS.parent / "build" / "docs")
    parser.add_argument("--report", type=Path, help="the example report; by default that of the demo, or a small one")
    options = parser.parse_args()
    sys.stdout.write(f"Open {build(options.out, options.report)}\n")


if __name__ == "__main__":
    main()
