"""What differs between a PDF report and the expected one."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from robustbench_endo.reports.text.line_check import line_difference

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

_BOXES = ("mediabox", "cropbox", "trimbox", "bleedbox", "artbox")
_CATALOG = ("/AcroForm", "/OCProperties", "/OpenAction", "/AA")
"""What the catalog of a report does not have; attachments are among its names."""


def pdf_difference(stored: bytes, expected: bytes) -> str:
    """What differs first: pages, their texts, boxes and annotations, forms and attachments; empty for nothing.

    Where both were set by the same version of typst, all that is drawn on the pages is compared, too.
    """
    try:
        from pypdf import PdfReader
    except ModuleNotFoundError:
        return "differs from the report that the records give; install pypdf to see where."
    again = PdfReader(io.BytesIO(expected))
    try:
        return _difference(PdfReader(io.BytesIO(stored)), again)
    except Exception as error:  # noqa: BLE001  # pypdf raises errors of many classes for damaged files
        return f"cannot be read as a PDF ({str(error).partition(chr(10))[0]})."


def _difference(stored: PdfReader, expected: PdfReader) -> str:
    if len(stored.pages) != len(expected.pages):
        return f"has {len(stored.pages)} pages instead of {len(expected.pages)}."
    if more := _additions(stored) - _additions(expected):
        return f"has forms, layers, attachments or actions ({', '.join(sorted(more))}) that the report does not have."
    same_version = _creator(stored) == _creator(expected)
    for number, (page, now) in enumerate(zip(stored.pages, expected.pages, strict=True), 1):
        texts = (each.extract_text().encode() for each in (page, now))
        if difference := line_difference(*texts):
            return difference.replace("another line", f"on page {number} another line", 1)
        if _layout(page) != _layout(now):
            return f"has another size, cut or annotation on page {number} than the report."
        if same_version and _content(page) != _content(now):
            return f"draws something else on page {number} than the records give."
    return ""


def _additions(reader: PdfReader) -> set[str]:
    root: Any = reader.root_object
    names = root["/Names"].get_object() if "/Names" in root else {}
    return {name for name in _CATALOG if name in root} | {str(name) for name in names}


def _creator(reader: PdfReader) -> str:
    return str(reader.metadata.creator) if reader.metadata else ""


def _layout(page: PageObject) -> tuple[Any, ...]:
    """Boxes, rotation and annotations of a page."""
    boxes = [tuple(map(float, getattr(page, name))) for name in _BOXES]
    notes = [note.get_object() for note in page.get("/Annots") or ()]
    content = [(*(str(note.get(key)) for key in ("/Subtype", "/Rect", "/Contents")), "/AP" in note) for note in notes]
    return boxes, page.rotation, content


def _content(page: PageObject) -> bytes:
    """The operators of a page; those inside of its drawings are not among them."""
    content = page.get_contents()
    return b"" if content is None else content.get_data()
