"""Options of data sets that several configurations share, each declared once."""

from __future__ import annotations

from typing import Any

from robustbench_endo.config import option


def split_names(text: str) -> tuple[str, ...]:
    """Names separated by commas.

    >>> split_names("background, shaft")
    ('background', 'shaft')
    """
    return tuple(part.strip() for part in text.split(",") if part.strip())


def classes_option() -> Any:
    """``--classes``."""
    return option(None, "Names of the mask labels, background first, separated by commas.", parse=split_names)


def label_map_option() -> Any:
    """``--label-map``."""
    return option(
        None,
        "Names of the values of masks, background first, as VALUE=NAME,...: values, ranges (1-9) or colours (#ff0000); "
        "the name ignore leaves pixels out.",
        shown_default="labels.toml in the data folder, else values are class indices",
    )


def subject_regex_option() -> Any:
    """``--subject-regex``."""
    return option(None, "Regular expression for the patient or sequence in a frame's path.")


def independent_frames_option() -> Any:
    """``--assume-independent-frames``."""
    text = "Treat every frame as its own subject, for data whose frames are of different patients."
    return option(False, text, type="bool")
