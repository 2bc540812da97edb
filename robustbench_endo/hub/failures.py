"""What the client of the hub raises, as one sentence with the next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from robustbench_endo.errors import HubError, RobustEndoError, import_optional

OFFLINE = "HF_HUB_OFFLINE is set, and the cache does not have it completely"
ONLINE = "Unset it and run once with a network"

LOGIN = "run `hf auth login`, or set HF_TOKEN to a token"


def import_hub() -> Any:
    """The package huggingface_hub.

    Raises:
        OptionalDependencyError: it is not installed.
    """
    hub = import_optional("huggingface_hub", "repositories on the Hugging Face hub", "hub")
    for name in ("constants", "errors", "utils"):  # which the package does not import itself
        import_module(f"huggingface_hub.{name}")
    return hub


def is_offline() -> bool:
    """Whether HF_HUB_OFFLINE asks for the cache only."""
    return bool(import_hub().constants.HF_HUB_OFFLINE)


# The HTTP library of the client depends on its version.
_CONNECTION = {"ConnectError", "TransportError", "ConnectionError", "LocalEntryNotFoundError"}


@contextmanager
def hub_failures(action: str, name: str, revision: str | None = None) -> Iterator[None]:
    """Raise :class:`HubError` for what the hub or its client raises inside.

    Args:
        action: ``read`` or ``upload to``.
        name: of the repository, as the user wrote it.
        revision: that was requested.
    """
    try:
        yield
    except RobustEndoError:
        raise
    except Exception as error:  # of the client, its HTTP library, and the file system
        reason, step = _explain(error, revision)
        raise HubError(f"Cannot {action} {name}: {reason}. {step}.") from error


def _explain(error: Exception, revision: str | None) -> tuple[str, str]:
    """Why, and what to do."""
    errors = import_hub().errors
    status = getattr(getattr(error, "response", None), "status_code", None)
    if is_offline() or isinstance(error, errors.OfflineModeIsEnabled):
        return OFFLINE, ONLINE
    if isinstance(error, errors.GatedRepoError):
        return "its owner restricts access", f"Request access on its page, then {LOGIN}"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"it has no revision {revision!r}", "Give one of its branches, tags or commits"
    if isinstance(error, errors.RepositoryNotFoundError):
        return "there is no such repository, or it is private", f"Check the name; if it is private, {LOGIN}"
    if status in (401, 403):
        return f"the hub refused access (HTTP {status})", f"Check the permissions of the token: {LOGIN}"
    if isinstance(error, errors.HFValidationError):
        return "this is no name of a repository", "Write it as ORG/NAME"
    if isinstance(error, errors.HfHubHTTPError):
        return f"the hub replied with HTTP {status}", "Try again later"
    if _CONNECTION & {kind.__name__ for kind in type(error).__mro__}:
        return "the hub cannot be reached", "Check the network; with HF_HUB_OFFLINE=1 a cached copy is used"
    message = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return f"{type(error).__name__}: {message}", "Check the name and the network"
