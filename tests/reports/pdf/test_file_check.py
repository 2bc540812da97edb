"""An edited PDF is noticed: texts, boxes, annotations, attachments and everything that is drawn on a page."""

import io
import re

import pytest

from robustbench_endo.reports import report
from robustbench_endo.reports.pdf.file_check import pdf_difference

pypdf = pytest.importorskip("pypdf", reason="the extra `report` is not installed")


@pytest.fixture(scope="module")
def pdfs(build_run, tmp_path_factory):
    """The reports of two runs that differ in one model at one severity."""

    def edit(frame, info):
        frame.loc[(frame["model"] == "two") & (frame["severity"] == 3), "tp_1"] += 40
        return frame

    folder = tmp_path_factory.mktemp("pdfs")
    return [
        report(
            build_run(folder / f"run{index}", ["one", "two"], ["smoke"], [1, 3], gallery=False, edit=change),
            folder / f"{index}.pdf",
        ).read_bytes()
        for index, change in enumerate((None, edit))
    ]


def edited(content, edit):
    writer, target = pypdf.PdfWriter(clone_from=io.BytesIO(content)), io.BytesIO()
    edit(writer)
    writer.write(target)
    return target.getvalue()


def cover(writer):
    page = writer.pages[0]
    white = pypdf.generic.DecodedStreamObject()
    white.set_data(page.get_contents().get_data() + b" 1 g 50 300 400 100 re f")
    page[pypdf.generic.NameObject("/Contents")] = writer._add_object(white)


def annotate(writer):
    annotations = pytest.importorskip("pypdf.annotations")
    note = annotations.FreeText(text="PASS 99.9 %", rect=(100, 300, 400, 360))
    writer.add_annotation(0, note)


def crop(writer):
    writer.pages[0].cropbox.upper_right = (300, 300)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (cover, "draws something else on page 1 than the records give."),
        (annotate, "has another size, cut or annotation on page 1 than the report."),
        (crop, "has another size, cut or annotation on page 1 than the report."),
        (lambda writer: writer.add_attachment("x.txt", b"99.9"), "has forms, layers, attachments or actions"),
        (lambda writer: writer.remove_page(len(writer.pages) - 1), "pages instead of"),
    ],
)
def test_edited_pdf_is_noticed(pdfs, edit, message):
    assert message in pdf_difference(edited(pdfs[0], edit), pdfs[0])


def test_changed_number_is_named_with_its_page(pdfs):
    text = pdf_difference(pdfs[1], pdfs[0])
    assert re.match(r"has on page \d+ another line \d+ than the records give: .+ instead of .+\.", text)


def test_other_bytes_with_the_same_content_pass(pdfs):
    assert pdf_difference(edited(pdfs[0], lambda writer: None), pdfs[0]) == ""
    assert pdf_difference(pdfs[0].replace(b"Typst 0", b"Typst 9"), pdfs[0]) == ""


def test_damaged_pdf_is_one_sentence(pdfs):
    assert pdf_difference(b"nothing", pdfs[0]).startswith("cannot be read as a PDF (")
