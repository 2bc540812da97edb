"""Wrong fails, wrong passes and power of acceptance gates, simulated: ``python benchmarks/bench_gate.py``."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from gate_simulations import ALPHA, PLAN, Scores, failing_shares, population, power, studies, verdicts
from simulated_patients import Design
from timing import machine, save_result

SUBJECTS, NULL_STUDIES, STUDIES = (8, 12, 20), 1_000, 300
SHIFTS, REGRESSION_SUBJECTS = (-0.4, -0.7, -1.0, -1.5, -2.0), (8, 12, 20, 40)
SPREAD = 0.7
"""Strong clustering: patients differ more than frames of one patient."""

GATE = "95 % intervals, Holm (the gate)"

SLACK = {"fraction": 0.05, "margin": 0.02, "hd95": 3.0}
"""How far the bounds are from the old model's true values, and the margins, in the studies of regressions."""

LARGEST, TOLERANCE = 0.05, 0.06
"""Targets: share of wrong verdicts, and how far a measured power may be below the stated one by chance."""

Row = dict[str, Any]


def false_alarms() -> Iterator[Row]:
    """Every criterion holds exactly at its bound: the share of studies that fail, by rule."""
    for unequal, subjects in itertools.product((False, True), SUBJECTS):
        design = Design(subjects, unequal, SPREAD, 2)
        truth = population(design)
        thresholds = [0.0 if each.margin else truth[each.name][0] for each in PLAN]
        scores = studies(design, NULL_STUDIES, 21)
        row = {"frames of patients": "8 to 40" if unequal else "20", "subjects": subjects, "studies": NULL_STUDIES}
        yield {**row, "rules": failing_shares(scores, thresholds)}


def wrong_passes() -> Iterator[Row]:
    """One criterion is violated by as little as possible, the others hold clearly: the share of studies that pass."""
    for subjects in SUBJECTS:
        design = Design(subjects, unequal=False, spread=SPREAD, models=2)
        truth, scores = population(design), studies(design, NULL_STUDIES, 22)
        for violated in PLAN:
            exact = 0.0 if violated.margin else truth[violated.name][0]
            # All others are met whatever the study: only this one decides.
            p = violated.evidence(scores, exact).p_value(exact, violated.sign)
            shares = {"pass": float((p <= ALPHA).mean()), "pass, one-sided intervals": float((p <= 2 * ALPHA).mean())}
            yield {"criterion": violated.name, "subjects": subjects, **shares}


def regressions(studies_each: int = STUDIES, patients: int = 10_000) -> Iterator[Row]:
    """A new model that is worse by a shift on the logit scale: stated power, and the verdicts of the studies."""
    old = population(Design(1, unequal=False, spread=SPREAD, models=2), patients)
    thresholds = [_threshold(each, old) for each in PLAN]
    for shift in SHIFTS:
        new = population(Design(1, unequal=False, spread=SPREAD, models=2, shift=shift), patients)
        effects = [each.sign * (limit - new[each.name][0]) for each, limit in zip(PLAN, thresholds, strict=True)]
        for subjects in REGRESSION_SUBJECTS:
            scores = studies(Design(subjects, unequal=False, spread=SPREAD, models=2, shift=shift), studies_each, 23)
            stated = max(
                power(effect, new[each.name][1], subjects, ALPHA / len(PLAN), margin=each.margin)
                for each, effect in zip(PLAN, effects, strict=True)
            )
            shares = _shares(scores, thresholds)
            dice = new["Dice, new - old"][0]
            yield {"shift": shift, "dice change": dice, "subjects": subjects, "stated power": stated, **shares}


def _threshold(requirement: Any, old: dict[str, tuple[float, float]]) -> float:
    if requirement.margin:
        return -SLACK["margin"]
    slack = SLACK["hd95" if requirement.metric == "hd95" else "fraction"]
    return old[requirement.name][0] - requirement.sign * slack


def _shares(scores: Scores, thresholds: list[float]) -> dict[str, float]:
    evidence = [each.evidence(scores, limit) for each, limit in zip(PLAN, thresholds, strict=True)]
    result = verdicts(evidence, thresholds, [each.sign for each in PLAN])
    return {verdict: float(np.mean(result == verdict)) for verdict in ("fail", "undecided", "pass")}


def missed(alarms: list[Row], passes: list[Row], planted: list[Row]) -> list[Row]:
    """Rows outside the targets, with two standard errors of the simulation."""
    outside = [row for row in alarms if row["rules"][GATE] > LARGEST]
    error = 2 * np.sqrt(LARGEST * (1 - LARGEST) / NULL_STUDIES)
    outside += [row for row in passes if row["pass"] > LARGEST + error]
    return outside + [row for row in planted if row["fail"] < row["stated power"] - TOLERANCE]


def main() -> None:
    """Simulate, print and save; fails where a share is outside its target."""
    start = time.process_time()
    alarms, passes, planted = list(false_alarms()), list(wrong_passes()), list(regressions())
    outside = missed(alarms, passes, planted)
    content = {
        "alpha": ALPHA,
        "criteria": [each.name for each in PLAN],
        "false alarms": alarms,
        "wrong passes": passes,
        "regressions": planted,
        "missed": outside,
    }
    print(save_result("gate", {**machine("numpy", "scipy"), **content}))
    for row in (*alarms, *passes, *planted):
        print(row)
    print(f"{time.process_time() - start:.0f} s of CPU in all; outside the targets: {outside}")
    sys.exit(bool(outside))


if __name__ == "__main__":
    main()
