"""Names of trackers."""

import pytest

from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.tracking.names import EXTRAS, LOGGERS, logger_names, mlflow_uri, parse_loggers


def test_parse_loggers_splits_at_commas():
    assert parse_loggers("tensorboard, mlflow") == ("tensorboard", "mlflow")
    assert parse_loggers("none") == ()


def test_logger_names_are_unique_and_known():
    assert logger_names(("wandb,mlflow", "wandb")) == ("wandb", "mlflow")
    assert logger_names("none") == ()
    with pytest.raises(UnknownNameError, match="the name of a logger, got 'tensorbord': did you mean tensorboard"):
        logger_names("tensorbord")
    for writer in (object(), [object()]):
        with pytest.raises(RobustEndoError, match="Expected loggers to be names .*, got object: write log_results"):
            logger_names(writer)


def test_every_logger_has_an_extra():
    assert set(EXTRAS) == set(LOGGERS)


def test_mlflow_uri_is_of_the_environment_or_in_the_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert mlflow_uri(tmp_path) == f"sqlite:///{tmp_path.resolve()}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracker")
    assert mlflow_uri(tmp_path) == "http://tracker"
