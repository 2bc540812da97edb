"""One PDF that all tests of this folder read, and the words of a PDF."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.reports.data.report_data import ReportData, report_data
from robustbench_endo.reports.pdf import pdf
from robustbench_endo.results import Resampling, Results

QUICK = Resampling(resamples=200)


class PdfReport(NamedTuple):
    """A run, its report, the words of its PDF, and the PDF."""

    results: Results
    report: ReportData
    text: str
    data: bytes


def pdftotext(data: bytes, option: str) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    done = subprocess.run(["pdftotext", option, "-", "-"], input=data, capture_output=True, check=True)
    return done.stdout.decode()


@pytest.fixture(scope="session")
def text_of() -> Callable[[bytes], str]:
    """The words of a PDF, laid out, without invisible break marks."""
    return lambda data: pdftotext(data, "-layout").replace("\u200b", "").replace("\u00a0", " ")


@pytest.fixture(scope="session")
def boxes() -> Callable[[bytes], list[tuple[float, float, float, float]]]:
    """(left, right, page width, page height) of every word."""

    def read(data: bytes) -> list[tuple[float, float, float, float]]:
        words = []
        width = height = 0.0
        for line in pdftotext(data, "-bbox").splitlines():
            if page := re.search(r'<page width="([\d.]+)" height="([\d.]+)"', line):
                width, height = float(page[1]), float(page[2])
            if word := re.search(r'xMin="([-\d.]+)".*xMax="([-\d.]+)"', line):
                words.append((float(word[1]), float(word[2]), width, height))
        return words

    return read


@pytest.fixture(scope="session")
def fills() -> Callable[[bytes], list[float]]:
    """How far down its pages a PDF has ink, as fractions of the height between header and footer."""

    def read(data: bytes) -> list[float]:
        if shutil.which("pdftoppm") is None:
            pytest.skip("pdftoppm (poppler-utils) is not installed")
        with tempfile.TemporaryDirectory() as name:
            command = ["pdftoppm", "-r", "18", "-gray", "-", f"{name}/page"]
            subprocess.run(command, input=data, capture_output=True, check=True)
            return [_fill(path) for path in sorted(Path(name).glob("*.pgm"))]

    return read


def _fill(page: Path) -> float:
    with Image.open(page) as image:
        ink = (np.asarray(image) < 200).any(axis=1)
    top, bottom = round(0.07 * len(ink)), round(0.93 * len(ink))
    rows = np.flatnonzero(ink[top:bottom])
    return float(rows.max() + 1) / (bottom - top) if rows.size else 0.0


@pytest.fixture(autouse=True, scope="session")
def _typst():
    pytest.importorskip("typst", reason="the extra 'report' is not installed")


@pytest.fixture(scope="session")
def usual_pdf(usual_run: Results, text_of, _typst) -> PdfReport:
    """The report of the usual run, without printed intervals, and its PDF."""
    report = report_data(usual_run)
    data = pdf(report)
    return PdfReport(usual_run, report, text_of(data), data)
