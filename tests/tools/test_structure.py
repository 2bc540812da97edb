"""Each measure of the structure, on small checkouts where the right value is known."""

from pathlib import Path

import pytest

LONG = "\n".join(f"line_{number} = {number}" for number in range(40)) + "\n"
FUNCTION = "def area(width, height):\n    return width * height\n"


@pytest.fixture
def checkout(tmp_path, structure):
    """Write files into an empty checkout and return it, measured."""

    def write(files: dict[str, str]) -> object:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return structure.Repository(tmp_path)

    return write


@pytest.mark.parametrize(("number", "met"), [(259, False), (260, True), (320, True), (321, False)])
def test_file_count_ignores_package_files(number, met, checkout, structure):
    names = [f"corruptions/file_{index}.py" for index in range(number)]
    row = structure.file_count(checkout({"corruptions/__init__.py": "", **dict.fromkeys(names, "")}))
    assert (row.value, row.met) == (str(number), met)


def test_small_files_with_a_single_importer_are_offenders(checkout, structure):
    files = {
        "corruptions/small.py": FUNCTION,
        "corruptions/shared.py": FUNCTION,
        "corruptions/long.py": LONG,
        "corruptions/unused.py": FUNCTION,
        "reports/one.py": "from robustbench_endo.corruptions import shared\n" + LONG,
        "reports/two.py": (
            "from robustbench_endo.corruptions.shared import area\n"
            "from robustbench_endo.corruptions.small import area\n"
            f"from robustbench_endo.corruptions.long import line_1\n{LONG}"
        ),
    }
    row = structure.small_files(checkout(files))
    assert row.offenders == ["corruptions/small.py: 2 lines, reports/two.py"]
    assert (row.value, row.met) == ("1", False)


@pytest.mark.parametrize("face", ["__init__.py", "__init__.pyi"])
@pytest.mark.parametrize("line", ["from .small import area", "from robustbench_endo.corruptions.small import area"])
def test_importers_are_followed_through_a_package(face, line, checkout):
    files = {
        "corruptions/__init__.py": "",
        "corruptions/small.py": FUNCTION,
        "reports/user.py": "from robustbench_endo.corruptions import area\n",
    }
    importers = checkout({**files, f"corruptions/{face}": line + "\n"}).importers["robustbench_endo.corruptions.small"]
    assert "reports/user.py" in importers
    assert ("corruptions/__init__.py" in importers) == (face == "__init__.py")


@pytest.mark.parametrize(
    "line",
    [
        "import robustbench_endo.data.small",
        "from robustbench_endo.data import small as s",
        "from robustbench_endo.data.small import area",
        "from .small import area",
        "from . import small",
        "TABLE = {'small': 'robustbench_endo.data.small:area'}",
    ],
)
def test_importers_include_every_form_of_import(line, checkout):
    files = {"robustbench_endo/data/small.py": FUNCTION, "robustbench_endo/data/user.py": line + "\n"}
    importers = checkout({"robustbench_endo/data/__init__.py": "", **files}).importers
    assert importers["robustbench_endo.data.small"] == {"robustbench_endo/data/user.py"}


def test_file_lengths_count_all_lines_and_name_the_longest(checkout, structure):
    lines = {f"reports/file_{n}.py": "\n" * n for n in (10, 20, 30, 351)}
    row = structure.file_lengths(checkout(lines))
    assert (row.value, row.met) == ("25 / 351 / 351", False)
    assert row.offenders == ["reports/file_351.py: 351 lines"]
    assert structure.file_lengths(checkout({"reports/file_351.py": "\n" * 350})).value == "25 / 350 / 350"


def test_function_lengths_count_methods_and_nested_functions(checkout, structure):
    code = (
        "@decorated\ndef outer():\n    def inner():\n        return 1\n    return inner\n\n"
        "class C:\n    async def method(self):\n        '''Text.'''\n"
    )
    row = structure.function_lengths(checkout({"reports/code.py": code}))
    assert (row.value, row.met) == ("2 / 4", True)  # outer 4, inner 2, method 2
    long = "def long():\n" + "    pass\n" * 24
    missed = structure.function_lengths(checkout({"reports/code.py": long}))
    assert (missed.value, missed.met) == ("25 / 25", False)
    assert missed.offenders == ["reports/code.py:1 long: 25 lines"]


def test_function_code_lengths_leave_docstrings_comments_and_blank_lines_out(checkout, structure):
    code = 'def f():\n    """One\n\n    two."""\n    # why\n\n    return 1\n'
    repository = checkout({"reports/code.py": '"""Module."""\nA = 1\n"""Attribute."""\n' + code})
    assert structure.function_lengths(repository).value == "7 / 7"
    assert structure.function_code_lengths(repository).value == "2 / 2"
    assert structure.code_lines(repository).value == "3"


def test_row_is_accepted_up_to_the_limit_of_its_exception(structure, monkeypatch):
    monkeypatch.setattr(structure, "EXCEPTIONS", {"lines": ((12,), "the reason")})
    rows = [structure._limits("lines", (number,), (10,)) for number in (10, 12, 13)]
    assert [row.accepted for row in rows] == [True, True, False]
    assert [row.remark for row in rows] == ["", "MISSED, limit 12: the reason", "MISSED"]
    assert not structure._limits("other", (12,), (10,)).accepted


@pytest.mark.parametrize(("number", "met"), [(36_000, True), (36_001, False)])
def test_source_lines_include_package_files(number, met, checkout, structure):
    row = structure.source_lines(checkout({"robustbench_endo/__init__.py": "\n" * number}))
    assert (row.value, row.met) == (f"{number:,}", met)


def test_mirrored_tests_are_needed_for_files_with_behaviour_only(checkout, structure):
    files = {
        "corruptions/blur/_lens.py": FUNCTION,
        "corruptions/constants.py": "PI = 3\n",
        "robustbench_endo/models/zoo.py": "class Zoo:\n    pass\n",
        "reports/empty.py": FUNCTION,
        "tests/corruptions/blur/test_lens.py": "def test_lens_is_round():\n    pass\n",
        "tests/reports/test_empty.py": "TESTS = 0\n",
        "tests/models/test_zoo.py": "def test_zoo_is_open():\n    pass\n",
    }
    row = structure.mirrored_tests(checkout(files))
    assert (row.value, row.met) == ("1 of 3", False)
    assert row.offenders == [
        "robustbench_endo/models/zoo.py: no tests/robustbench_endo/models/test_zoo.py",
        "reports/empty.py: no tests/reports/test_empty.py",
    ]
    classes = "class TestZoo:\n    def test_zoo_is_open(self):\n        pass\n"
    row = structure.mirrored_tests(checkout({"tests/robustbench_endo/models/test_zoo.py": classes}))
    assert (row.value, row.offenders) == ("2 of 3", ["reports/empty.py: no tests/reports/test_empty.py"])


def test_test_names_have_a_unit_and_a_behaviour(checkout, structure):
    names = ["test_zoo_is_open", "test_zoo", "test_Zoo_is_open", f"test_zoo_{'x' * 80}", "testing_zoo_is_open"]
    files = {"tests/test_zoo.py": "".join(f"def {name}():\n    pass\n" for name in names)}
    files["tests/helper.py"] = "def test_it():\n    pass\n"
    row = structure.test_names(checkout(files))
    assert (row.value, row.met) == ("1 of 5", False)
    assert row.offenders == [f"tests/test_zoo.py: {name}" for name in names[1:]]


def test_main_fails_where_a_target_is_missed(checkout, structure, capsys, monkeypatch):
    root = checkout({f"reports/file_{n}.py": FUNCTION for n in range(260)}).root
    assert structure.main(["--root", str(root)]) == 1
    text = capsys.readouterr().out
    assert "0 of 260" in text
    assert "... and 255 more (--list)" in text
    assert structure.main(["--root", str(root), "--list"]) == 1
    assert len(capsys.readouterr().out.splitlines()) > 260
    monkeypatch.setattr(structure, "STATIC", (structure.file_count,))
    assert structure.main(["--root", str(root)]) == 0
    assert "MISSED" not in capsys.readouterr().out


def test_measure_works_on_this_checkout(structure):
    rows = structure.measure(structure.Repository())
    assert [row.label for row in rows] == list(dict.fromkeys(row.label for row in rows))
    assert int(rows[0].value) > 200
    assert Path(structure.ROOT / "tools" / "structure.py").is_file()
