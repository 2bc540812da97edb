"""Ratings of a survey: what is refused, and what follows from them."""

import math

import pytest

from robustbench_endo.corruptions import load_suite
from robustbench_endo.errors import DataError
from robustbench_endo.results.survey_ratings import (
    Item,
    agreement,
    plausible_range,
    read_key,
    read_ratings,
    suite_text,
    summarize,
)

KEY = "code,image_id,corruption,severity\n" + "".join(f"c{i},a.png,smoke,{i}\n" for i in range(1, 6))
ITEMS = {f"c{i}": Item(f"c{i}", "a.png", "smoke", i) for i in range(1, 6)}


def write(path, rater, *ratings):
    lines = [f"{rater},c{i},{rating}\n" for i, rating in enumerate(ratings, 1)]
    path.write_text("rater,code,rating\n" + "".join(lines), encoding="utf-8")
    return path


def test_ratings_become_the_plausible_severities_of_a_suite(tmp_path):
    (tmp_path / "key.csv").write_text(KEY, encoding="utf-8")
    items = read_key(tmp_path / "key.csv")
    assert items == ITEMS
    one = write(tmp_path / "one.csv", "Ann", "plausible", "plausible", "usable", "unusable", "unusable")
    two = write(tmp_path / "two.csv", "Bob", "plausible", "usable", "usable", "usable", "unusable")
    raters = read_ratings([one, two], items)
    (summary,) = summarize(items, raters)
    assert summary.plausible == (1, 3)
    assert summary.shares[4] == (0, 0.5, 0.5)
    assert 0 < summary.alpha < 1
    assert agreement(items.values(), raters) == summary.alpha
    path = tmp_path / "rated.toml"
    path.write_text(suite_text("endo19", [summary]), encoding="utf-8")
    suite = load_suite(path)
    assert suite.get("smoke").plausible == (1, 3)
    assert suite.get("spatter").plausible is None
    assert suite.fingerprint == load_suite("endo19").fingerprint


def test_one_rater_has_no_agreement(tmp_path):
    one = write(tmp_path / "one.csv", "Ann", *["plausible"] * 5)
    (summary,) = summarize(ITEMS, read_ratings([one], ITEMS))
    assert math.isnan(summary.alpha)
    assert summary.plausible == (1, 5)


def test_plausible_range_ends_before_the_first_severity_that_is_unusable():
    good, bad = (1.0, 0.0, 0.0), (0.0, 0.4, 0.6)
    assert plausible_range({1: bad, 2: good, 3: good, 4: bad, 5: good}) == (2, 3)
    assert plausible_range({1: bad, 2: bad}) is None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            "rater,code,rating\nAnn,c1,plausible\n",
            "Expected ratings of all 5 images by 'Ann', got 1: rate c2 and 3 more",
        ),
        ("rater,code,rating\nAnn,x,plausible\n", "Expected codes of the sheet in .*, got 'x'"),
        ("rater,code,rating\nAnn,c1,good\n", "Expected plausible, usable, unusable as rating of c1 in .*, got 'good'"),
        ("rater,code,rating\nAnn,c1,usable\nAnn,c1,usable\n", "Expected one rating of c1 by 'Ann', got two"),
        ("rater,code\nAnn,c1\n", "Expected the columns rater, code, rating in .*, got rater, code"),
        ("rater,code,rating\n", "Expected ratings in .*, got none"),
    ],
)
def test_read_ratings_refuses_gaps_and_what_is_unknown(tmp_path, content, text):
    path = tmp_path / "ratings.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=text):
        read_ratings([path], ITEMS)


def test_read_key_refuses_other_files(tmp_path):
    path = tmp_path / "key.csv"
    with pytest.raises(DataError, match="Cannot read"):
        read_key(path)
    path.write_text("code,image_id,corruption,severity\nc1,a.png,smoke,strong\n", encoding="utf-8")
    with pytest.raises(DataError, match="Expected severities that are numbers in .*, got 'strong'"):
        read_key(path)
    path.write_text("code,image_id,corruption,severity\n", encoding="utf-8")
    with pytest.raises(DataError, match="Expected the images of a sheet"):
        read_key(path)
