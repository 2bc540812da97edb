"""SVG inside a page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from robustbench_endo.reports.data import confidence
from robustbench_endo.reports.html.svg import HEIGHT, WIDTH, inline_svg, reliability_diagrams
from robustbench_endo.reports.palette import LIGHT, model_styles
from robustbench_endo.reports.plotting.style import swatch, to_svg


def test_reliability_diagrams_need_a_bin_of_ten_frames(usual_report):
    assert reliability_diagrams(usual_report) == []


def test_reliability_diagrams_one_per_task_and_kind_of_frames(usual_report, monkeypatch):
    monkeypatch.setattr(confidence, "MIN_BIN_FRAMES", 1)
    diagrams = reliability_diagrams(usual_report)
    expected = [
        f"{frames} {bins.task.unit_noun} ({bins.task.title.lower()})"
        for bins in usual_report.reliability
        for frames in ("Clean", "Corrupted")
    ]
    assert [diagram.label for diagram in diagrams] == expected
    for diagram in diagrams:
        root = ElementTree.fromstring(str(diagram.svg))
        assert root.get("viewBox") == f"0 0 {WIDTH} {HEIGHT}"
        assert all(f"{model}: calibration error" in root.get("aria-label") for model in usual_report.models)


def test_reliability_diagrams_points_are_inside(usual_report):
    for diagram in reliability_diagrams(usual_report):
        points = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', str(diagram.svg))
        assert points
        assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in points)


def test_inline_svg_follows_theme_and_removes_unused_ids():
    style = model_styles(["a"])["a"]
    text = inline_svg(to_svg(swatch(style), "name"), 'a "description"')
    assert text.startswith('<svg role="img" aria-label="a &#34;description&#34;" viewBox=')
    assert "var(--m0)" in text
    assert LIGHT[0] not in text
    assert set(re.findall(r' id="([^"]+)"', text)) <= set(re.findall(r'#([^")]+)', text))
    ElementTree.fromstring(text)


def test_inline_svg_as_symbol_or_decoration():
    text = to_svg(swatch(model_styles(["a"])["a"]), "name")
    assert inline_svg(text, "", "sprite").startswith('<symbol id="sprite" viewBox=')
    assert inline_svg(text, "").startswith('<svg aria-hidden="true" viewBox=')
