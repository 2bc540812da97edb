"""``push-to-hub``: a checkpoint or a run as one commit of a model repository on the Hugging Face hub."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from robustbench_endo.errors import HubError
from robustbench_endo.hub.failures import LOGIN, hub_failures, import_hub, is_offline
from robustbench_endo.hub.run_card import card_metadata, run_card
from robustbench_endo.models.checkpoint import CARD, WEIGHTS, read_card
from robustbench_endo.models.readme import README, readme_of
from robustbench_endo.results.io import load_results

RUN_FILES = ("run.json", "summary.csv")
FRAME_FILES = ("report.html", "report.pdf")
"""Files of a run that show frames of its data."""

MARK = "library_name: robustbench_endo"
"""Line of the metadata of every card that is uploaded; a card without it is somebody else's."""

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Upload:
    """What one commit adds.

    Attributes:
        files: path in the repository -> file of this machine, or content.
        omitted: names of files that show frames and were not requested.
    """

    files: Mapping[str, Path | bytes]
    omitted: Sequence[str] = field(default=())

    def sizes(self) -> dict[str, int]:
        """Path in the repository -> bytes."""
        return {
            name: len(item) if isinstance(item, bytes) else item.stat().st_size for name, item in self.files.items()
        }


def prepare_upload(
    folder: Path, repository: str, path: str = "", with_frames: bool = False, exclude: Sequence[str] = ()
) -> Upload:
    """The files and the card of a checkpoint or a finished run; nothing is sent.

    Args:
        folder: that ``robust-endo train`` or ``robust-endo evaluate`` wrote.
        repository: ``ORG/NAME``, of models.
        path: folder in the repository; empty for its root.
        with_frames: also the reports of a run on data that are not synthetic, which show frames.
        exclude: patterns of file names that are left out.

    Raises:
        HubError: neither a checkpoint nor a run, or a name that is none of a repository.
        ModelError: a checkpoint that cannot be read.
        RunError: a run that is unfinished or was changed.
    """
    check_repository(repository)
    prefix = f"{path.strip('/')}/" if path.strip("/") else ""
    omitted: tuple[str, ...] = ()
    if (folder / CARD).is_file():
        card = read_card(folder)
        text = card_metadata(card.spec) + readme_of(card, f"hf://{repository}/{prefix}".rstrip("/"))
        files: dict[str, Path | bytes] = {name: folder / name for name in (CARD, WEIGHTS)}
    elif (folder / "run.json").is_file():
        results = load_results(folder)
        text = card_metadata(results.models[0], results if len(results.models) == 1 else None) + run_card(results)
        reports = [name for name in FRAME_FILES if (folder / name).is_file()]
        if not (with_frames or results.info["data"].get("name") == "synthetic"):
            reports, omitted = [], tuple(reports)
        files = {name: folder / name for name in (*RUN_FILES, *reports) if (folder / name).is_file()}
    else:
        raise HubError(
            f"Expected a checkpoint folder (with {CARD}) or a finished run (with run.json), got {folder}: give the "
            "--out of robust-endo train or evaluate."
        )
    files = {README: text.encode(), **files}
    selected = {prefix + name: item for name, item in files.items() if not any(fnmatch(name, each) for each in exclude)}
    return Upload(selected, omitted)


def push_to_hub(
    upload: Upload, repository: str, *, private: bool = False, revision: str | None = None, message: str | None = None
) -> str:
    """Upload as one commit; the repository and the branch are created where they are missing.

    Args:
        upload: see :func:`prepare_upload`.
        repository: ``ORG/NAME``, of models.
        private: whether a new repository is private; an existing one stays as it is.
        revision: branch; None = the default branch.
        message: of the commit.

    Returns:
        The address of the commit.

    Raises:
        HubError: no token, no permission, no network, or a card of somebody else in the repository.
    """
    check_repository(repository)
    hub = import_hub()
    if is_offline():
        raise HubError(f"Cannot upload to {repository}: HF_HUB_OFFLINE is set. Unset it, and upload with a network.")
    if hub.get_token() is None:
        raise HubError(f"Cannot upload to {repository}: there is no token of the hub. To get one, {LOGIN}.")
    api = hub.HfApi()
    operations = [
        hub.CommitOperationAdd(name, item if isinstance(item, bytes) else str(item))
        for name, item in upload.files.items()
    ]
    with hub_failures("upload to", repository, revision):
        api.create_repo(repository, private=private, exist_ok=True)
        if revision is not None:
            api.create_branch(repository, branch=revision, exist_ok=True)
        _refuse_card_of_others(api, repository, revision, [name for name in upload.files if name.endswith(README)])
        commit = api.create_commit(
            repository, operations, commit_message=message or "Upload from robustbench_endo", revision=revision
        )
    return str(commit.commit_url)


def check_repository(repository: str) -> None:
    """Raise :class:`HubError` unless a text is ``ORG/NAME``."""
    if not _REPOSITORY.fullmatch(repository):
        raise HubError(
            f"Expected the repository as ORG/NAME, got {repository!r}: write it without hf:// or a revision."
        )


def _refuse_card_of_others(api: Any, repository: str, revision: str | None, names: Sequence[str]) -> None:
    for name in names:
        if not api.file_exists(repository, name, revision=revision):
            continue
        text = Path(api.hf_hub_download(repository, name, revision=revision)).read_text("utf-8", "replace")
        if MARK not in text:
            raise HubError(
                f"Expected no {name} of another author in {repository}, got one: upload to a folder of the repository "
                f"with --path, or leave the card out with --exclude {README}."
            )
