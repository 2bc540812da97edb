"""setuptools, with a description for package indexes: the README with absolute links.

Links in README.md are relative, so that they work in every checkout and fork. An index shows the text away from the
repository, so each build writes a copy of it to build/description.md, which setup.cfg names as the long description.
"""

from __future__ import annotations

import configparser
import re
from pathlib import Path, PurePosixPath
from typing import Any

from setuptools import build_meta

DESCRIPTION = Path("build") / "description.md"
SOURCE_URL = "Source"
"""The key of ``project_urls`` below which the files of the repository are read."""

_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?!\w+:|#)(?P<target>[^)\s]+)\)")
_CODE = re.compile(r"(```.*?```)", re.DOTALL)


def project_urls() -> dict[str, str]:
    """``project_urls`` of setup.cfg in the working directory."""
    parser = configparser.ConfigParser()
    parser.read("setup.cfg", "utf-8")
    lines = parser["metadata"]["project_urls"].strip().splitlines()
    return {name.strip(): url.strip() for name, _, url in (line.partition("=") for line in lines)}


def absolute_links(text: str, source: str) -> str:
    """A Markdown text whose relative links and images are addresses.

    Args:
        text: with links relative to the root of the repository; code blocks stay as they are.
        source: address of the repository; ``/blob/main`` and, for images, ``/raw/main`` follow it.
    """

    def replace(match: re.Match[str]) -> str:
        kind = "raw" if match["image"] else "blob"
        target = PurePosixPath(match["target"]).as_posix()
        return f"{match['image']}[{match['text']}]({source}/{kind}/main/{target})"

    parts = _CODE.split(text)
    return "".join(part if part.startswith("```") else _LINK.sub(replace, part) for part in parts)


def write_description() -> None:
    """Write the long description of a distribution that is built in the working directory."""
    DESCRIPTION.parent.mkdir(exist_ok=True)
    text = absolute_links(Path("README.md").read_text("utf-8"), project_urls()[SOURCE_URL])
    DESCRIPTION.write_text(text, "utf-8")


def _with_description(name: str) -> Any:
    """A hook of setuptools that finds the description."""

    def hook(*arguments: Any, **options: Any) -> Any:
        write_description()
        return getattr(build_meta, name)(*arguments, **options)

    hook.__name__ = name
    return hook


build_sdist = _with_description("build_sdist")
build_wheel = _with_description("build_wheel")
build_editable = _with_description("build_editable")
prepare_metadata_for_build_wheel = _with_description("prepare_metadata_for_build_wheel")
prepare_metadata_for_build_editable = _with_description("prepare_metadata_for_build_editable")
get_requires_for_build_sdist = _with_description("get_requires_for_build_sdist")
get_requires_for_build_wheel = _with_description("get_requires_for_build_wheel")
get_requires_for_build_editable = _with_description("get_requires_for_build_editable")
