"""Stored predictions as files for other tools."""

import pandas as pd
import pytest

from robustbench_endo.cli.export_predictions import FORMATS as COMMAND_FORMATS
from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.predictions.export import FORMATS, export_fiftyone, export_table
from robustbench_endo.results import Results


def test_formats_are_those_of_the_command():
    assert FORMATS == COMMAND_FORMATS


def test_export_table_needs_an_empty_folder(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path, tmp_path / "file"):
        with pytest.raises(RobustEndoError, match="Expected an empty or new folder for the export"):
            export_table(None, folder, "csv")


def test_export_needs_stored_predictions(tmp_path):
    info = {"models": [], "corruptions": [], "severities": [], "tasks": {}, "name": "run"}
    results = Results(pd.DataFrame(columns=["model", "corruption", "severity", "replicate", "image_id"]), info)
    with pytest.raises(RunError, match="Expected a run with stored predictions, got results without a run folder"):
        export_table(results, tmp_path / "a", "csv")
    with pytest.raises(RunError, match="Expected a run with stored predictions"):
        export_fiftyone(results, tmp_path / "b", lambda *key: (b"", None))
