"""Problems of single frames: unreadable files, masks of another size, missing recorded pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from robustbench_endo.data.checking.report import Facts, Problem, listed


def frame_problems(facts: Sequence[Facts]) -> Iterator[Problem]:
    """What is wrong with frames by themselves."""
    unreadable = [fact for fact in facts if fact.reason]
    if unreadable:
        yield Problem(
            "unreadable",
            f"{len(unreadable)} of {len(facts)} frames cannot be used; the first: {unreadable[0].reason}",
            tuple(fact.where for fact in unreadable),
        )
    other = [fact for fact in facts if fact.mask_size is not None and fact.mask_size != fact.size]
    if other:
        yield Problem(
            "labels",
            f"{len(other)} masks have another size than their picture ({listed([fact.where for fact in other])}): "
            "resize them without interpolation.",
            tuple(fact.where for fact in other),
        )
    missing = [(fact.where, condition, reason) for fact in facts for condition, reason in fact.missing]
    if missing:
        yield Problem(
            "unreadable",
            f"{len(missing)} pictures in recorded conditions cannot be used; the first: {missing[0][2]}",
            tuple(f"{where} ({condition})" for where, condition, _ in missing),
        )
