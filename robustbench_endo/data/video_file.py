"""Opening a video file."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from robustbench_endo.errors import DataError, OptionalDependencyError

if TYPE_CHECKING:
    from av.container import InputContainer


def opened(path: Path) -> InputContainer:
    """A container with at least one stream of pictures, to be closed by the caller.

    Raises:
        DataError: no such file, or no video.
        OptionalDependencyError: PyAV (extra `video`) is not installed.
    """
    av = pyav()
    try:
        container: InputContainer = av.open(str(path))
    except FileNotFoundError as error:
        raise DataError(f"Expected a video in {path}, found no such file: check the path.") from error
    except (av.FFmpegError, OSError) as error:
        raise DataError(
            f"Expected a video in {path}, found a file that no decoder knows ({error.strerror or error}): replace or "
            "remove it."
        ) from error
    if not container.streams.video:
        container.close()
        raise DataError(f"Expected a video in {path}, found a file without pictures: replace or remove it.")
    return container


def pyav() -> ModuleType:
    """The module ``av``; :class:`OptionalDependencyError` where it is not installed."""
    try:
        import av
    except ImportError as error:
        raise OptionalDependencyError(
            "Expected PyAV to read videos, found it not installed: install robustbench-endo[video]."
        ) from error
    return av
