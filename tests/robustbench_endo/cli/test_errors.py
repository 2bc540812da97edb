"""Unknown commands, `--debug`, and interruptions."""

import pytest

from robustbench_endo.cli.errors import INTERRUPTED, resumable


def test_resolve_command_names_the_closest_command(robust_endo):
    result = robust_endo("evalute")
    assert result.exit_code == 2
    assert "Expected a command, got 'evalute': did you mean evaluate?" in result.stderr


def test_main_with_debug_raises(robust_endo, tmp_path):
    result = robust_endo("--debug", "evaluate", "--severity", "9", "--out", tmp_path)
    assert type(result.exception).__name__ == "RobustEndoError"


def test_resumable_reports_how_to_resume(capsys, tmp_path):
    with pytest.raises(SystemExit) as stopped, resumable(tmp_path):
        raise KeyboardInterrupt
    assert stopped.value.code == INTERRUPTED
    assert f"saved in {tmp_path}; re-run the same command to resume." in capsys.readouterr().err
