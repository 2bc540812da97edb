"""Errors of the client of the hub, as one sentence."""

import pytest

from robustbench_endo.errors import HubError, ModelError
from robustbench_endo.hub.failures import hub_failures, is_offline

constants = pytest.importorskip("huggingface_hub.constants")


class ConnectError(Exception):
    """As the one of the client's HTTP library."""


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ConnectError("[Errno 111]"), "the hub cannot be reached. Check the network"),
        (ConnectionError("reset"), "the hub cannot be reached. Check the network"),
        (OSError("No space\nleft"), r"OSError: No space\. Check the name and the network\."),
        (KeyError(), r"KeyError: \. Check"),
    ],
)
def test_hub_failures_name_the_repository_and_a_step(error, message):
    with pytest.raises(HubError, match=f"Cannot read hf://org/name: {message}"), hub_failures("read", "hf://org/name"):
        raise error


def test_hub_failures_keep_errors_of_this_package():
    with pytest.raises(ModelError, match="as it was"), hub_failures("read", "hf://org/name"):
        raise ModelError("as it was")


def test_hub_failures_offline_name_the_variable(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert is_offline()
    with pytest.raises(HubError, match="HF_HUB_OFFLINE is set"), hub_failures("read", "hf://org/name"):
        raise ConnectionError
