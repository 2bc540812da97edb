"""Reading hazards.csv: forms that spreadsheets write, and one sentence for each kind of mistake."""

import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evidence.hazards import Bound, corruption_names, parse_hazards, read_hazards

NAMES = {"smoke": ["smoke"], "bleeding": ["bleeding"], "occlusion": ["smoke", "bleeding"], "all": ["smoke", "bleeding"]}
HEAD = "id,hazard,corruptions,severities,criterion"
ROW = "H1,Smoke hides the tip,smoke,1-3,dice>=0.7"


def parse(text, encoding="utf-8"):
    return parse_hazards(text.encode(encoding), "hazards.csv", NAMES)


def test_row_has_all_parts_of_a_hazard():
    text = f'{HEAD},harm,note\nH1,Smoke,"occlusion, smoke","5, 1-2","dice >= 0.7; hd95<=40|c1",serious,"a, b"\n'
    (hazard,) = parse(text)
    assert hazard.corruptions == ("smoke", "bleeding")
    assert hazard.severities == (1, 2, 5)
    assert hazard.criteria == (Bound("dice", 0.7, True), Bound("hd95", 40, False), "c1")
    assert (hazard.harm, hazard.note) == ("serious", "a, b")


def test_class_names_with_blanks_are_one_criterion():
    (hazard,) = parse(f"{HEAD}\nH1,Tip,smoke,all,dice[large needle driver]>=0.5 c2\n")
    assert list(map(str, hazard.criteria)) == ["dice[large needle driver]>=0.5", "c2"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff", "\n\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\n,,,,\r\n"])
def test_files_of_spreadsheets_are_read(delimiter, start, end):
    text = start + end.join([HEAD, ROW, ""])
    (hazard,) = parse(text.replace(",", delimiter))
    assert (hazard.id, hazard.criteria) == ("H1", (Bound("dice", 0.7, True),))


def test_empty_cells_are_a_hazard_without_conditions():
    (hazard,) = parse(f"{HEAD}\nH1,The image freezes,,,\n")
    assert (hazard.corruptions, hazard.severities, hazard.criteria) == ((), None, ())


BAD = {
    "": "Expected a table with the columns id, .* in hazards.csv, got an empty file",
    " \n\n": "got an empty file",
    HEAD: "Expected at least one hazard in hazards.csv, got only a header",
    f"{HEAD}\n,,,,\n": "got only a header",
    "id,hazard,corruptions,severities\nH1,a,smoke,1\n": "Expected the columns .*, got no criterion",
    f"{ROW}\n": "got no id, hazard, corruptions, severities, criterion",
    f"{HEAD},severety\n{ROW},1\n": "Expected the name of a column, got 'severety': did you mean severities",
    f"{HEAD},id\n{ROW},H2\n": "Expected each column once in hazards.csv, got id twice",
    f"{HEAD}\n{ROW}\n{ROW}\n": "Expected one hazard H1 in hazards.csv, got another in line 3",
    f"{HEAD}\n,Smoke,smoke,1,dice>=0.7\n": "Expected an id of letters.* in line 2 of hazards.csv, got ''",
    f"{HEAD}\n=1+1,Smoke,smoke,1,dice>=0.7\n": "Expected an id of letters.*, got '=1\\+1'",
    f"{HEAD}\nH1,,smoke,1,dice>=0.7\n": "Expected the hazard H1 in words in line 2",
    f"{HEAD}\nH1,Smoke,smok,1,dice>=0.7\n": "Expected the name of a corruption, got 'smok': did you mean smoke",
    f"{HEAD}\nH1,Smoke,smoke,6,dice>=0.7\n": "Expected severities from 0 \\(clean\\) to 5 .*, got '6'",
    f"{HEAD}\nH1,Smoke,smoke,3-1,dice>=0.7\n": "Expected severities .*, got '3-1'",
    f"{HEAD}\nH1,Smoke,smoke,high,dice>=0.7\n": "Expected severities .*, got 'high'",
    f"{HEAD}\nH1,Smoke,smoke,nan,dice>=0.7\n": "Expected severities .*, got 'nan'",
    f"{HEAD}\nH1,Smoke,smoke,-1,dice>=0.7\n": "Expected severities .*, got '-1'",
    f"{HEAD}\nH1,Smoke,smoke,1,dice>0.7\n": "Expected a criterion such as dice>=0.7, .*, got 'dice>0.7'",
    f"{HEAD}\nH1,Smoke,smoke,1,dice>=good\n": "Expected a criterion .*, got 'dice>=good'",
    f"{HEAD}\nH1,Smoke,smoke,1,dice>=nan\n": "Expected a criterion .*, got 'dice>=nan'",
    f"{HEAD}\nH1,Smoke,smoke,1,>=0.7\n": "Expected a criterion .*, got '>=0.7'",
    f"{HEAD}\nH1,Smoke,smoke,1,0.5<=dice<=0.7\n": "Expected a criterion .*, got '0.5<=dice<=0.7'",
    f"{HEAD}\nH1,Smoke,smoke,1\n": "Expected 5 cells in line 2 of hazards.csv, got 4",
    f"{HEAD}\nH1,Smoke, blood,smoke,1,dice>=0.7\n": "Expected 5 cells in line 2 of hazards.csv, got 6: quote a cell",
    f'{HEAD}\nH1,"Smoke,smoke,1,dice>=0.7\n': "Cannot parse hazards.csv: .* Correct its quotes",
    f"{HEAD}\nH1,Sm\0ke,smoke,1,dice>=0.7\n": "Expected text in hazards.csv, got the control character",
}


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_mistakes_are_one_sentence(text):
    with pytest.raises(RobustEndoError, match=BAD[text]):
        parse(text)


def test_other_encodings_and_files_are_errors(tmp_path):
    with pytest.raises(RobustEndoError, match="Expected UTF-8 text in hazards.csv, got other bytes"):
        parse(f"{HEAD}\nH1,Überblendung,smoke,1,dice>=0.7\n", "latin-1")
    with pytest.raises(RobustEndoError, match=r"got other bytes|control character"):
        parse_hazards(b"PK\x03\x04\x14\x00", "hazards.xlsx", NAMES)
    for path in (tmp_path, tmp_path / "missing.csv", tmp_path / ("x" * 300), "a\0b"):
        with pytest.raises(RobustEndoError, match="Cannot read"):
            read_hazards(path, NAMES)


def test_many_hazards_are_an_error():
    rows = [ROW.replace("H1", f"H{number}") for number in range(1001)]
    with pytest.raises(RobustEndoError, match="Expected at most 1000 hazards in hazards.csv, got 1001"):
        parse("\n".join([HEAD, *rows]))


def test_names_are_those_of_the_run_and_of_the_package(results):
    names = corruption_names(results)
    assert names["all"] == ["smoke", "contrast"]
    assert "spatter" in names["occlusion"]
    assert names["glass_blur"] == ["glass_blur"]
    assert names["clean"] == ["clean"]
