"""The sessions of a new user succeed and fail as documented, in a clean environment from the built wheel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from sessions import SESSIONS  # noqa: E402


def test_sessions_are_fifteen_successes_and_ten_mistakes():
    assert sum(session.mistake is None for session in SESSIONS) == 15
    assert sum(session.mistake is not None for session in SESSIONS) == 10
    assert len({session.title for session in SESSIONS}) == 25


@pytest.mark.slow
def test_newcomer_script_acts_out_all_sessions():
    done = subprocess.run([sys.executable, HERE / "newcomer.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (HERE.parents[1] / "docs" / "first_sessions.md").read_text("utf-8")
    assert done.stdout == page, "run `python tests/acceptance/newcomer.py --write`"
