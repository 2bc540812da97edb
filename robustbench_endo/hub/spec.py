"""Names of repositories on the Hugging Face hub: ``hf://ORG/MODEL`` and ``hf://datasets/ORG/NAME``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote

from robustbench_endo.errors import HubError

SCHEME = "hf://"

Kind = Literal["model", "dataset"]

_DATASETS = "datasets/"
_SPEC = re.compile(r"hf://(datasets/)?(?!datasets/)([^/@#\s]+/[^/@#\s]+)(?:@([^/\s]+))?(?:/([^#]+?))?/?")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class HubSpec:
    """A repository, or a file or folder in it.

    Attributes:
        kind: of the repository.
        repository: ``ORG/NAME``.
        revision: branch, tag or commit; None = the default branch.
        path: of a file or folder in the repository; empty = all of it.
    """

    kind: Kind
    repository: str
    revision: str | None = None
    path: str = ""

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is a full commit hash, which always means the same files."""
        return self.revision is not None and _COMMIT.fullmatch(self.revision) is not None

    def __str__(self) -> str:
        revision = f"@{quote(self.revision, safe='')}" if self.revision else ""
        prefix = _DATASETS if self.kind == "dataset" else ""
        return f"{SCHEME}{prefix}{self.repository}{revision}{'/' if self.path else ''}{self.path}"


def is_hub_spec(text: str) -> bool:
    """Whether a text names a repository on the hub.

    >>> is_hub_spec("hf://org/model"), is_hub_spec("hf:org/model"), is_hub_spec("runs/mine")
    (True, False, False)
    """
    return text.startswith(SCHEME)


def parse_hub_spec(text: str, kind: Kind) -> HubSpec:
    """The repository that ``hf://[datasets/]ORG/NAME[@REVISION][/PATH]`` names.

    Args:
        text: as Hugging Face's own tools write it; a ``/`` in a revision is written as ``%2F``.
        kind: of repository that is needed.

    Raises:
        HubError: a text of another form, or a repository of the other kind.

    >>> parse_hub_spec("hf://org/model@v1", "model")
    HubSpec(kind='model', repository='org/model', revision='v1', path='')
    >>> str(parse_hub_spec("hf://datasets/org/frames/test", "dataset"))
    'hf://datasets/org/frames/test'
    """
    match = _SPEC.fullmatch(text)
    prefix = _DATASETS if kind == "dataset" else ""
    if match is None or ".." in (match.group(4) or "").split("/"):
        raise HubError(
            f"Expected a repository of the Hugging Face hub as {SCHEME}{prefix}ORG/NAME[@REVISION][/PATH], got "
            f"{text!r}: write it in this form."
        )
    if bool(match.group(1)) != (kind == "dataset"):
        raise HubError(
            f"Expected a {kind} as {SCHEME}{prefix}ORG/NAME, got {text!r}: "
            f"{'give it as --data' if match.group(1) else 'give a repository of data, or a model as --model'}."
        )
    revision = unquote(match.group(3)) if match.group(3) else None
    return HubSpec(kind, match.group(2), revision, match.group(4) or "")
