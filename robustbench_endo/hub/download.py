"""Models and data from the hub: the needed files of one commit, in the cache that Hugging Face's own tools use."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from robustbench_endo.errors import HubError
from robustbench_endo.hub.failures import OFFLINE, ONLINE, hub_failures, import_hub, is_offline
from robustbench_endo.hub.select_files import Selection, select_data, select_model
from robustbench_endo.hub.spec import HubSpec, parse_hub_spec
from robustbench_endo.io_utils import read_json, write_json
from robustbench_endo.models.checkpoint import CARD
from robustbench_endo.models.external.hf import is_huggingface_folder

log = logging.getLogger(__name__)

DEFAULT_BRANCH = "main"

_SNAPSHOTS: dict[HubSpec, Snapshot] = {}
"""What this process has fetched, by commit: a commit never changes."""


@dataclass(frozen=True)
class Snapshot:
    """Files of a commit on this machine.

    Attributes:
        source: the spec with the commit as its revision; names these files for good.
        path: the file or folder to open.
    """

    source: str
    path: Path


def fetch_model(text: str) -> Snapshot:
    """The files of a model, downloaded where the cache does not have them.

    A branch or tag is resolved to its commit, which is logged. Nothing in the repository is run.

    Args:
        text: ``hf://ORG/NAME[@REVISION][/PATH]``.

    Raises:
        HubError: no such repository or revision, no access, no network, not cached when offline, or no model in it.
        OptionalDependencyError: huggingface_hub is not installed.
    """
    spec = parse_hub_spec(text, "model")
    snapshot = _fetch(spec, select_model)
    folder = snapshot.path
    if folder.is_dir() and not (folder / CARD).is_file() and not is_huggingface_folder(folder):
        raise HubError(
            f"Expected a model of robust-endo or of transformers in {spec}, got a config.json of another library: load "
            "it in a factory of your own (file.py:factory)."
        )
    return snapshot


def fetch_data(text: str) -> Snapshot:
    """The images, videos and label files of a data set, downloaded where the cache does not have them.

    Args:
        text: ``hf://datasets/ORG/NAME[@REVISION][/PATH]``.

    Raises:
        HubError: as for :func:`fetch_model`.
        OptionalDependencyError: huggingface_hub is not installed.
    """
    return _fetch(parse_hub_spec(text, "dataset"), select_data)


def _fetch(spec: HubSpec, select: Callable[[HubSpec, Sequence[str]], Selection]) -> Snapshot:
    if spec in _SNAPSHOTS:
        return _SNAPSHOTS[spec]
    hub = import_hub()
    with hub_failures("read", str(spec), spec.revision):
        selection, root = _cached(hub, spec, select) if is_offline() else _downloaded(hub, spec, select)
    source = replace(spec, revision=root.name)
    log.info("%s is commit %s%s", spec, root.name, " (cached)" if is_offline() else "")
    snapshot = Snapshot(str(source), root / selection.path if selection.path else root)
    _SNAPSHOTS[source] = snapshot
    return snapshot


def _downloaded(
    hub: Any, spec: HubSpec, select: Callable[[HubSpec, Sequence[str]], Selection]
) -> tuple[Selection, Path]:
    """Files that are selected from the listing of the repository, and the folder of their commit."""
    info = hub.HfApi().repo_info(spec.repository, repo_type=spec.kind, revision=spec.revision)
    names = [entry.rfilename for entry in info.siblings or ()]
    selection = select(spec, names)
    if not sys.stderr.isatty():
        hub.utils.disable_progress_bars()
    path = hub.snapshot_download(
        spec.repository,
        repo_type=spec.kind,
        revision=spec.revision or DEFAULT_BRANCH,  # by its name, so that the cache knows the commit of the branch
        allow_patterns=[_escaped(name) for name in selection.files],
    )
    root = Path(path)
    listing = _listing(root)
    listing.parent.mkdir(exist_ok=True)
    write_json(listing, {"files": names})
    return selection, root


def _cached(hub: Any, spec: HubSpec, select: Callable[[HubSpec, Sequence[str]], Selection]) -> tuple[Selection, Path]:
    """The same from the cache only."""
    options = {"repo_type": spec.kind, "revision": spec.revision or DEFAULT_BRANCH, "local_files_only": True}
    root = Path(hub.snapshot_download(spec.repository, allow_patterns=[], **options))
    listing = _listing(root)
    if listing.is_file():
        names = read_json(listing)["files"]
    else:  # another tool has downloaded it
        names = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
    selection = select(spec, names)
    if not all((root / name).is_file() for name in selection.files):
        raise HubError(f"Cannot read {spec}: {OFFLINE}. {ONLINE}.")
    return selection, root


def _listing(root: Path) -> Path:
    """All files of the commit, also those that are not cached: they decide which one is the model."""
    return root.parents[1] / "robustbench_endo" / f"{root.name}.json"


def _escaped(name: str) -> str:
    """A file name as a pattern that matches only this name."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)
