"""An evidence pack to read: the same sections as Markdown and as one HTML file that loads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustbench_endo.evidence.traceability import TraceRow
from robustbench_endo.hub.run_card import markdown_cell

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Section:
    """A part of the page: sentences, then a table."""

    title: str
    texts: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def html_page(content: Mapping[str, Any], rows: Sequence[TraceRow]) -> str:
    """The page of a pack; every name is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("evidence.html.j2")
    return template.render(c=content, subtitle=_subtitle(content), sections=_sections(content, rows))


def markdown_page(content: Mapping[str, Any], rows: Sequence[TraceRow]) -> str:
    """The pack as Markdown; every name is escaped."""
    lines = [f"# Evidence pack of {markdown_cell(str(content['run']['name']))}", "", markdown_cell(_subtitle(content))]
    lines += ["", content["statement"], ""]
    for section in _sections(content, rows):
        lines += [f"## {section.title}", ""]
        lines += [part for text in section.texts for part in (markdown_cell(text), "")]
        if section.rows:
            lines += [f"| {' | '.join(section.columns)} |", "|---" * len(section.columns) + "|"]
            lines += [f"| {' | '.join(map(markdown_cell, row))} |" for row in section.rows]
            lines.append("")
    return "\n".join(lines)


def _subtitle(content: Mapping[str, Any]) -> str:
    run = content["run"]
    day = str(run["finished"] or run["created"] or "")[:10]
    return f"Run finished {day}, {run['data']['name']}, {run['data']['frames']} frames, checksum {run['checksum']}"


_FILES_NOTE = (
    "The model cards, the data card and the tables are files next to this one; manifest.json names the SHA-256 of "
    "each. To recompute every row: robust-endo evidence RUN --check FOLDER. Checksums detect "
    "edits; they are no signature."
)


def _sections(content: Mapping[str, Any], rows: Sequence[TraceRow]) -> list[Section]:
    return [
        _summary(content),
        _hazards(content),
        _traceability(content, rows),
        _not_covered(content),
        *_validation(content["validation"]),
        Section("Inputs and files", (_FILES_NOTE,), ("input", "SHA-256"), tuple(content["inputs"].items())),
        Section(
            "Where such evidence is filed",
            ("Pointers only; the requirements are in the documents.",),
            ("document", "this pack"),
            tuple((each["document"], each["supports"]) for each in content["clauses"]),
        ),
    ]


def _not_covered(content: Mapping[str, Any]) -> Section:
    gaps = tuple((gap["kind"], gap["item"], gap["reason"]) for gap in content["not_covered"])
    return Section("Not covered", ("What this pack says nothing about.",), ("kind", "item", "reason"), gaps)


def _summary(content: Mapping[str, Any]) -> Section:
    summary, gate = content["summary"], content["gates"]["plan"]
    texts = [
        f"{summary['traced']} of {summary['hazards']} hazards are traced to results; not covered: "
        f"{summary['not_covered']}. {summary['rows']} results: {summary['pass']} pass, {summary['fail']} fail, "
        f"{summary['undecided']} undecided."
    ]
    if gate is not None:
        name = f"the plan {gate['name']}" if gate["name"] else "the plan"
        texts.append(f"Verdict of {name} (SHA-256 {gate['plan_sha256']}): {gate['verdict']}.")
    return Section("Summary", tuple(texts))


def _hazards(content: Mapping[str, Any]) -> Section:
    rows = []
    for hazard in content["hazards"]:
        verdicts = [content["traceability"][index]["verdict"] for index in hazard["rows"]]
        counts = ", ".join(
            f"{verdicts.count(name)} {name}" for name in ("pass", "fail", "undecided") if name in verdicts
        )
        levels = "all" if hazard["severities"] is None else ", ".join(f"{level:g}" for level in hazard["severities"])
        cells = (hazard["id"], hazard["text"], hazard["harm"], ", ".join(hazard["corruptions"]), levels)
        rows.append((*cells, ", ".join(hazard["criteria"]), counts or "not covered", hazard["note"]))
    columns = ("id", "hazard", "harm", "corruptions", "severities", "criteria", "results", "note")
    return Section("Hazards", (), columns, tuple(rows))


def _traceability(content: Mapping[str, Any], rows: Sequence[TraceRow]) -> Section:
    columns = ("hazard", "criterion", "model", "requirement", "conditions", "result", "frames / subjects", "verdict")
    cells = tuple(
        (
            *(row.hazard, row.criterion, row.model, row.requirement, row.conditions, row.result),
            *(f"{row.frames} / {row.subjects}", row.verdict, row.records_sha256),
        )
        for row in rows
    )
    texts = (
        *_decisions(content["gates"]),
        "The last column is the checksum of exactly the records that the result was computed from.",
        content["hash_definition"],
    )
    return Section("Traceability", texts, (*columns, "SHA-256 of the records"), cells)


def _decisions(gates: Mapping[str, Any]) -> list[str]:
    """How the verdicts were reached, for the criteria of the plan and for inline bounds."""
    estimands = {"subject": "the mean over subjects of each one's own score", "pooled": "that of all frames together"}
    titles = {"plan": "Criteria of the plan", "inline": "Inline bounds, under the worst of the conditions of a hazard"}
    return [
        f"{titles[name]}: the result is {estimands[gate['estimand']]}; the pessimistic end of its "
        f"{100 * (1 - gate['alpha']):g} % interval has to meet the threshold. Correction of failures: "
        f"{gate['correction']}. Fewer than {gate['min_subjects']} subjects: undecided."
        for name, gate in gates.items()
        if gate is not None
    ]


def _validation(validation: Mapping[str, Any]) -> list[Section]:
    return [
        _versions(validation),
        _tests(validation["tests"]),
        Section(
            "Tool validation: checks of the run",
            () if validation["replay"] else ("No frames were computed again; --replay N does so.",),
            ("check", "outcome"),
            tuple(map(_check, (*validation["verify"], *validation["replay"]))),
        ),
    ]


def _versions(validation: Mapping[str, Any]) -> Section:
    run, here = validation["run"], validation["installation"]
    names = list(dict.fromkeys((*run.get("versions", {}), *here.get("versions", {}))))
    versions = [(name, *(str(each.get("versions", {}).get(name, "")) for each in (run, here))) for name in names]
    machine = [(name, *(str(each.get(name, "")) for each in (run, here))) for name in ("python", "platform", "device")]
    settings = [
        (name, str(run[name]), "")
        for name in ("precision", "compile", "threads", "seed", "replicates", "commit")
        if run.get(name) is not None
    ]
    differences = validation["differences"]
    texts = (run["determinism"], f"Differences: {'; '.join(differences)}." if differences else "No version differs.")
    return Section(
        "Tool validation: versions and machine",
        texts,
        ("version or setting", "run", "this pack"),
        (*versions, *machine, *settings),
    )


def _tests(tests: Mapping[str, Any]) -> Section:
    title = "Tool validation: tests of the package"
    if tests["kind"] == "self-test":
        text = (
            "Known answers of this installation (robust-endo verify --self-test); no log of the test suite was given."
        )
        return Section(title, (text,), ("check", "outcome"), tuple(map(_check, tests["checks"])))
    text = f"Log of the test suite, {tests['format']}: {tests['file']}, SHA-256 {tests['sha256']}."
    counts = tuple((name, str(tests[name])) for name in ("passed", "failed", "errors", "skipped"))
    return Section(
        title, (text,), ("outcome", "tests"), (*counts, *(("not passed", name) for name in tests["not_passed"]))
    )


def _check(check: Mapping[str, Any]) -> tuple[str, str]:
    return check["name"], "passed" if check["passed"] else f"FAILED: {check['problem']}"
