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


def test_reliability_diagrams_show_few_frames_as_hollow_points(usual_report, monkeypatch):
    few = min(part for bins in usual_report.reliability for part in visible_frames(bins) if part >= 3)
    monkeypatch.setattr(confidence, "MIN_BIN_FRAMES", few + 1)
    text = "".join(str(diagram.svg) for diagram in reliability_diagrams(usual_report))
    assert 'class="hollow"' in text
    lines = re.findall(r'<path d="(M[^"]*)"', text)
    hollow = re.findall(r'cx="([\d.]+)" cy="([\d.]+)" r="2.6" class="hollow"', text)
    assert hollow
    assert not [point for point in hollow if any(" ".join(point) in line for line in lines)]


def visible_frames(bins):
    lines = [line for lines in bins.by_frames.values() for line in lines.values()]
    return [int(frames) for line in lines for frames in line.frames[line.sparse | line.visible]]


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
