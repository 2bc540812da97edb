"""A site of many runs: only comparable runs are ranked together, and unreadable ones are reported."""

from __future__ import annotations

import re
import shutil
from functools import partial
from html import unescape

import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.reports.leaderboard import site

write_site = partial(site.write_site, allow_unverified=True)
TABLE = re.compile(r"<section data-board(.*?)</section>", re.S)


@pytest.fixture
def runs(make_run, change, tmp_path):
    """Three runs of which two are comparable, one unfinished, one damaged."""
    root = tmp_path / "runs"
    original = make_run(models=["a", "<b>"], corruptions=["smoke"], severities=[1, 3], gallery=False)
    for name in ("one", "deep/two", "other"):
        shutil.copytree(original.path, root / name)
    change(root / "deep" / "two", name="second & <script>")
    change(root / "other", protocol="endoarss")
    (root / "one" / "report.html").write_text("<p>the report of one<script src=//x></script>")
    (root / "half").mkdir()
    shutil.copy(original.path / "run.json", root / "half")
    shutil.copytree(original.path, root / "damaged")
    (root / "damaged" / "run.json").write_text('{"models": 3}')
    return root, original


@pytest.fixture
def short_reports(monkeypatch):
    """A word is in every report: of the others, only the index is the subject of a test."""
    monkeypatch.setattr(site, "report_data", lambda results: results.info["name"])
    monkeypatch.setattr(site, "html", lambda name: f"<p>{len(name)}")


def rows(board: str) -> list[list[str]]:
    body = re.findall(r"<tr\b[^>]*>(.*?)</tr>", board.split("<tbody>")[1], re.S)
    return [[unescape(re.sub(r"<.*?>", " ", cell)).strip() for cell in re.split(r"</t[dh]>", row)] for row in body]


@pytest.mark.usefixtures("short_reports")
def test_site_ranks_comparable_runs(runs, tmp_path):
    root, original = runs
    page = write_site(root, tmp_path / "site").read_text("utf-8")
    boards = TABLE.findall(page)
    assert len(boards) == 4  # a board for each task
    standard, activity = (board for board in boards if 'data-protocol="standard"' in board)
    assert 'data-task="Segmentation"' in standard
    assert 'data-task="Activity"' in activity
    table = original.table(("miou",))["miou"]
    entries = rows(standard)
    assert [row[0] for row in entries] == ["1 to 4"] * 4  # two subjects: no difference can be significant
    order = table.loc[("mean", "all")].sort_values(ascending=False)
    assert [row[1] for row in entries] == [name for name in order.index for _ in range(2)]
    for row in entries:
        assert row[2] == f"{table.loc[('clean', 'clean'), row[1]]:.2f}"
        assert row[3].split()[0] == f"{table.loc[('mean', 'all'), row[1]]:.2f}"


@pytest.mark.usefixtures("short_reports")
def test_site_separates_models_that_differ_significantly(make_run, tmp_path):
    def better(frame, info):
        frame.loc[frame["model"] == "b", [f"tp_{index}" for index in range(3)]] *= 4
        frame["subject_id"] = frame["image_id"]

    make_run(models=["a", "b"], corruptions=["smoke"], severities=[3], gallery=False, frames=9, edit=better)
    page = write_site(tmp_path, tmp_path / "site").read_text("utf-8")
    assert {row[1]: row[0] for row in rows(TABLE.findall(page)[0])} == {"b": "1", "a": "2"}


def test_site_makes_reports_from_the_records_that_load_nothing(runs, tmp_path):
    secret = tmp_path / "secret.html"
    secret.write_text("<p>secret")
    (runs[0] / "other" / "report.html").symlink_to(secret)
    index = write_site(runs[0], tmp_path / "site")
    links = set(re.findall(r'href="(.*?)"', index.read_text("utf-8")))
    assert len(links) == 3
    assert "reports/one.html" in links
    for link in links:
        page = (index.parent / link).read_text("utf-8")
        assert "the report of one" not in page
        assert "//x" not in page
        assert "&lt;b&gt;" in page
    for file in (index, *(index.parent / "reports").iterdir()):
        policy = re.search('http-equiv="Content-Security-Policy" content="(.*?)"', file.read_text("utf-8"))
        assert policy
        assert policy[1].startswith("default-src 'none'; img-src data:;")
    assert not [page for page in index.parent.rglob("*.html") if "<p>secret" in page.read_text("utf-8")]


@pytest.mark.parametrize("name", ["run.json", "results.parquet", "gallery", "gallery/index.json"])
def test_site_follows_no_links_out_of_a_run(make_run, tmp_path, name):
    run = make_run(models=["a"], corruptions=["smoke"], severities=[1], gallery=True)
    secret = tmp_path / "secret"
    path = run.path / name
    shutil.move(path, secret)
    path.symlink_to(secret)
    page = write_site(run.path.parent, tmp_path / "site").read_text("utf-8")
    assert f"{name} is a symbolic link" in page
    assert not (tmp_path / "site" / "reports").exists()


def test_site_lists_links_to_runs(make_run, tmp_path):
    run = make_run(models=["a"], corruptions=["smoke"], severities=[1], gallery=False)
    root = tmp_path / "linked"
    root.mkdir()
    (root / "run").symlink_to(run.path)
    page = write_site(root, tmp_path / "site").read_text("utf-8")
    assert "it is a symbolic link" in page
    assert "0 verified submissions on 0 boards" in page


@pytest.mark.usefixtures("short_reports")
def test_site_escapes_names_and_reports_unreadable_runs(runs, tmp_path):
    page = write_site(runs[0], tmp_path / "site").read_text("utf-8")
    assert page.count("<script>") == 1
    assert "second &amp; &lt;script&gt;" in page
    unreadable = unescape(page.split('id="refused"')[1])
    assert "half" in unreadable
    assert "got no results.parquet" in unreadable
    assert "damaged" in unreadable
    assert str(tmp_path) not in page
    assert not re.search(r'(src|href)="(https?:|//)', page)


@pytest.mark.usefixtures("short_reports")
def test_site_inside_the_folder_of_runs_is_reproducible(runs):
    root, _ = runs
    first = write_site(root, root / "site").read_text("utf-8")
    assert write_site(root, root / "site").read_text("utf-8") == first


def test_site_without_runs_is_an_error(tmp_path):
    with pytest.raises(RunError, match="Expected a folder of runs, got no folder"):
        write_site(tmp_path / "nowhere", tmp_path / "site")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="Expected submissions below .* got none"):
        write_site(tmp_path / "empty", tmp_path / "site")


@pytest.mark.usefixtures("short_reports")
def test_site_ranks_by_the_metric_of_a_class(make_run, tmp_path):
    run = make_run(models=["a", "b"], corruptions=["smoke"], severities=[1, 3], gallery=False)
    page = write_site(run.path.parent, tmp_path / "site", ["dice[shaft]", "dice_worst_class"]).read_text("utf-8")
    (board,) = TABLE.findall(page)
    assert board.index("Dice of shaft") < board.index("Dice of the worst class")
    clean = run.table(["dice[shaft]"])["dice[shaft]"].loc["clean", "clean"]
    assert {row[1]: row[2] for row in rows(board)} == {model: f"{clean[model]:.2f}" for model in run.models}
    other = write_site(run.path.parent, tmp_path / "other", ["dice[tip]"]).read_text("utf-8")
    assert TABLE.findall(other) == []
    assert "Expected a class of the run" in other


@pytest.fixture
def no_reports(monkeypatch):
    monkeypatch.setattr(site, "_write_report", lambda *_: "")


@pytest.mark.usefixtures("no_reports")
def test_submissions_are_ranked_apart_from_unverified_runs(submit_run, runs, tmp_path):
    root, _ = runs
    submit_run(root / "mine", ["a", "b"], better=("b",), training={"b": "Cholec80"})
    index, count, refused = site.build_site(root, tmp_path / "site")
    page = index.read_text("utf-8")
    assert (count, len(refused)) == (1, 5)
    assert "1 verified submission on 2 boards" in page
    assert 'id="unverified"' not in page
    assert page.split('id="refused"')[1].count("It is a run and no submission") == 3
    first, _ = TABLE.findall(page)
    assert [row[:2] for row in rows(first)] == [["1", "b"], ["2", "a"]]
    assert first.count('class="below"') == 1
    both = write_site(root, tmp_path / "both").read_text("utf-8")
    apart = both.split('id="unverified"')[1]
    assert "Nobody checked" in apart
    assert "mine" not in apart.split("</section>")[0]
    assert len(TABLE.findall(both)) == 2 + 4


@pytest.mark.usefixtures("no_reports")
def test_site_filters_by_values_that_differ(submit_run, tmp_path):
    submit_run(tmp_path / "runs" / "mine", ["a", "b"], training={"b": "Cholec80"})
    page = site.write_site(tmp_path / "runs", tmp_path / "site").read_text("utf-8")
    assert re.findall('data-filter="(.*?)"', page) == ["task", "training"]
    assert "<option>Cholec80</option><option>not stated</option>" in page
    assert page.count('data-training="Cholec80"') == 2
