"""docs/leaderboard.md names options and files that exist."""

import re

from docs_pages import read_page

from robustbench_endo.cli import main
from robustbench_endo.submission.contents import README, SUBMISSION_FILE
from robustbench_endo.submission.eval_results import FOLDER

COMMANDS = ("evaluate", "submit", "leaderboard", "verify")


def test_page_names_options_that_exist():
    options = {flag for name in COMMANDS for option in main.commands[name].params for flag in option.opts}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", read_page("leaderboard")))
    assert named >= {"--replay", "--training-data", "--dataset", "--allow-unverified"}
    assert named <= options


def test_page_names_the_files_of_a_submission():
    page = read_page("leaderboard")
    for name in (README, SUBMISSION_FILE, f"{FOLDER}/MODEL.yaml", "results.parquet", "records/", "summary.csv"):
        assert f"`{name}`" in page
