"""A site of many runs: only what may be compared is ranked together, and nothing that is broken stops it."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape

import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.reports.leaderboard import write_site

TABLE = re.compile(r"<section data-board(.*?)</section>", re.S)


def change(folder, **entries):
    info = json.loads((folder / "run.json").read_text("utf-8"))
    (folder / "run.json").write_text(json.dumps({**info, **entries}))


@pytest.fixture
def runs(make_run, tmp_path):
    """Three runs of which two may be compared, one unfinished, one damaged."""
    root = tmp_path / "runs"
    made = make_run(models=["a", "<b>"], corruptions=["smoke"], severities=[1, 3], gallery=False)
    for name in ("one", "deep/two", "other"):
        shutil.copytree(made.path, root / name)
    change(root / "deep" / "two", name="second & <script>")
    change(root / "other", protocol="endoarss")
    (root / "one" / "report.html").write_text("<p>the report of one")
    (root / "half").mkdir()
    shutil.copy(made.path / "run.json", root / "half")
    shutil.copytree(made.path, root / "damaged")
    (root / "damaged" / "run.json").write_text('{"models": 3}')
    return root, made


def rows(board: str) -> list[list[str]]:
    found = re.findall(r"<tr>(.*?)</tr>", board.split("<tbody>")[1], re.S)
    return [[unescape(re.sub(r"<.*?>", " ", cell)).strip() for cell in re.split(r"</t[dh]>", row)] for row in found]


def test_boards_ranks_and_numbers(runs, tmp_path):
    root, made = runs
    page = write_site(root, tmp_path / "site").read_text("utf-8")
    boards = TABLE.findall(page)
    assert len(boards) == 2
    both = next(board for board in boards if 'data-protocol="standard"' in board)
    table = made.table(("miou",))["miou"]
    places = rows(both)
    assert [row[0] for row in places] == ["1", "1", "3", "3"]
    order = table.loc[("mean", "all")].sort_values(ascending=False)
    assert [row[1] for row in places] == [name for name in order.index for _ in range(2)]
    for row in places:
        assert row[2] == f"{table.loc[('clean', 'clean'), row[1]]:.2f}"
        assert row[3].split()[0] == f"{table.loc[('mean', 'all'), row[1]]:.2f}"


def test_reports_lie_beside(runs, tmp_path):
    index = write_site(runs[0], tmp_path / "site")
    links = re.findall(r'href="(.*?)"', index.read_text("utf-8"))
    assert set(links) == {"reports/one.html"}
    assert (index.parent / "reports" / "one.html").read_text() == "<p>the report of one"
    assert "(no report)" in index.read_text("utf-8")


def test_names_are_text_and_broken_runs_are_listed(runs, tmp_path):
    page = write_site(runs[0], tmp_path / "site").read_text("utf-8")
    assert page.count("<script>") == 1
    assert "second &amp; &lt;script&gt;" in page
    broken = unescape(page.split('id="broken"')[1])
    assert "half" in broken
    assert "got no results.parquet" in broken
    assert "damaged" in broken
    assert str(tmp_path) not in page
    assert not re.search(r'(src|href)="(https?:|//)', page)


def test_a_model_that_lacks_a_condition_has_no_rank(make_run, tmp_path):
    def without(frame, info):
        return frame[~((frame["model"] == "a") & (frame["severity"] == 3))]

    run = make_run(models=["a", "b"], corruptions=["smoke"], severities=[1, 3], gallery=False, edit=without)
    page = write_site(run.path.parent, tmp_path / "site").read_text("utf-8")
    ranks = {row[1]: row[0] for row in rows(TABLE.findall(page)[0])}
    assert ranks == {"b": "1", "a": "–"}


def test_a_site_inside_the_folder_of_runs_is_made_again(runs):
    root, _ = runs
    first = write_site(root, root / "site").read_text("utf-8")
    assert write_site(root, root / "site").read_text("utf-8") == first


def test_what_cannot_be_met_is_one_sentence(tmp_path):
    with pytest.raises(RunError, match="Expected a folder of runs, got no folder"):
        write_site(tmp_path / "nowhere", tmp_path / "site")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="Expected run folders below .* got none"):
        write_site(tmp_path / "empty", tmp_path / "site")
