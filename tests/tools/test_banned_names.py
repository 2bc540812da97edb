"""Banned names in every position of a Python file, banned phrases in prose, and what is allowed."""

import ast

import pytest

POSITIONS = {
    "variable": "found = 1",
    "annotated variable": "found: int = 1",
    "target of a tuple": "first, (found, *rest) = values",
    "target of a loop": "for found in values: pass",
    "target of a comprehension": "[0 for found in values]",
    "target of with": "with open(path) as found: pass",
    "target of except": "try:\n    pass\nexcept ValueError as found:\n    pass",
    "walrus": "(found := 1)",
    "argument": "def f(found): pass",
    "keyword-only argument": "def f(*, found=1): pass",
    "variadic arguments": "def f(*found): pass",
    "variadic keywords": "def f(**found): pass",
    "argument of a lambda": "f = lambda found: 1",
    "function": "def found(): pass",
    "async function": "async def found(): pass",
    "method": "class C:\n    def found(self): pass",
    "class": "class found: pass",
    "field": "class C:\n    found: int",
    "attribute": "self.found = 1",
    "keyword argument": "f(found=1)",
    "keyword of a class": "class C(metaclass=M, found=1): pass",
    "import": "from module import found",
    "alias": "import module as found",
    "capture of a pattern": "match value:\n    case [found, *_]:\n        pass",
    "rest of a sequence": "match value:\n    case [1, *found]:\n        pass",
    "rest of a mapping": "match value:\n    case {'a': 1, **found}:\n        pass",
    "pattern with a name": "match value:\n    case int() as found:\n        pass",
    "with underscores": "_found_ = 1",
    "constant": "FOUND = 1",
}


def names(banned_names, code: str) -> list[str]:
    return [finding.name.strip("_").lower() for finding in banned_names.check_names("x.py", ast.parse(code))]


@pytest.mark.parametrize("code", POSITIONS.values(), ids=POSITIONS)
def test_check_names_finds_a_banned_name_in_every_position(code, banned_names):
    assert names(banned_names, code) == ["found"]
    assert names(banned_names, code.replace("found", "matches").replace("FOUND", "MATCHES")) == []


@pytest.mark.parametrize(
    "code",
    [
        "print(found)",
        "item.found",
        "'found'",
        "# found",
        "n_found = 1",
        "founded = 1",
        "f(**{'found': 1})",
        "del found",
    ],
)
def test_check_names_ignores_uses_strings_and_longer_names(code, banned_names):
    assert names(banned_names, code) == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("class Damage: pass", ["Damage"]),
        ("class damage: pass", []),
        ("from robustbench_endo.metrics import CleanFrames", ["CleanFrames"]),
        ("def records_at(): pass", ["records_at"]),
        ("def _tried(): pass", ["_tried"]),
        ("AHEAD = 2", ["AHEAD"]),
        ("class CorruptedBatch: pass", []),
    ],
)
def test_check_names_finds_replaced_names(code, expected, banned_names):
    findings = banned_names.check_names("x.py", ast.parse(code))
    assert [finding.name for finding in findings] == expected


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("def f():\n    left = 1", 1),
        ("def f(left): pass", 1),
        ("def f(left, right): pass", 0),
        ("def f():\n    left, right = 1, 2", 0),
        ("def f():\n    top, left = 1, 2", 0),
        ("def f():\n    left = 1\ndef g():\n    right = 1", 1),
        ("def f():\n    right = 1\n    def g():\n        left = 1", 1),
        ("class Box:\n    left: int", 0),
        ("box.left = 1", 0),
        ("merge(a, left=True)", 0),
        ("def own(): pass", 0),
        ("own = 1", 1),
    ],
)
def test_check_names_allows_left_beside_right(code, count, banned_names):
    assert len(list(banned_names.check_names("x.py", ast.parse(code)))) == count


def test_finding_says_where_and_what_instead(banned_names):
    tree = ast.parse("x = 1\n\ndef judged(): pass\n")
    assert list(map(str, banned_names.check_names("reports/x.py", tree))) == [
        "reports/x.py:3: judged: write evaluated, scored instead"
    ]


def test_check_prose_finds_phrases_outside_code(banned_names):
    text = (
        "# The House\n\nA `picture`, [a link](pictures/room.md) and\n\n```bash\ncp picture room\n```\n\n"
        "<!-- told -->\n\nDrawn\n  scenes in the operating room. Judged here.\n"
    )
    findings = [(finding.line, finding.name) for finding in banned_names.check_prose("x.md", text)]
    assert sorted(findings) == [(1, "The House"), (11, "Drawn scenes"), (12, "Judged")]


def test_check_file_reads_help_texts_of_the_command_line_only(banned_names, tmp_path):
    code = 'def f():\n    """Draw a picture."""\n    raise ValueError(f"No room for {1}")\n'
    for name in ("robustbench_endo/cli/x.py", "robustbench_endo/x.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(code)
    cli, other = (tmp_path / name for name in ("robustbench_endo/cli/x.py", "robustbench_endo/x.py"))
    assert [(f.line, f.name) for f in banned_names.check_file(tmp_path, cli)] == [(2, "picture"), (3, "room")]
    assert banned_names.check_file(tmp_path, other) == []


def test_without_allowed_drops_allowed_findings_and_names_unused_entries(banned_names):
    findings = [banned_names.Finding("a.py", 1, "found", "x"), banned_names.Finding("b.py", 1, "found", "x")]
    allowed = {"a.py": {"found": "a field of a file format"}, "c.py": {"told": "no longer true"}}
    rejected, unused = banned_names.without_allowed(findings, allowed)
    assert [finding.file for finding in rejected] == ["b.py"]
    assert unused == ["c.py: told"]


def test_allowed_entries_have_a_reason(banned_names):
    assert all(len(reason) > 10 for names in banned_names.ALLOWED.values() for reason in names.values())


def test_replacements_are_not_banned_themselves(banned_names):
    banned = {*banned_names.WORDS, *banned_names.VARIABLES, *banned_names.OLD_NAMES}
    instead = " ".join([*banned_names.WORDS.values(), *banned_names.OLD_NAMES.values()]).replace(",", " ").split()
    assert banned.isdisjoint(set(instead) - {"the", "of", "what", "it", "or"})


def test_main_prints_findings_and_fails(banned_names, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(banned_names, "ROOT", tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "good.py").write_text("matches = 1\n")
    assert banned_names.main([]) == 0
    (tmp_path / "tests" / "bad.py").write_text("found = 1\n")
    assert banned_names.main([]) == 1
    output = capsys.readouterr()
    assert output.out.startswith("tests/bad.py:1: found: write ")
    assert "1 banned names and phrases in 1 files" in output.err
    assert banned_names.main([str(tmp_path / "tests" / "good.py")]) == 0
    monkeypatch.setattr(banned_names, "ALLOWED", {"tests/bad.py": {"found": "a test", "told": "nothing"}})
    assert banned_names.main([]) == 1
    assert "ALLOWED: tests/bad.py: told: nothing there needs it" in capsys.readouterr().out
