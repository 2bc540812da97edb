"""Gates on simulated studies: false alarms of 1,000 null studies, and the power of 20 planted regressions."""

from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def simulations(monkeypatch):
    """The modules of the benchmark."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import bench_gate
    import gate_simulations

    return bench_gate, gate_simulations


@pytest.mark.slow
def test_at_most_five_percent_of_null_studies_fail(simulations):
    bench, gate = simulations
    design = gate.Design(8, unequal=True, spread=bench.SPREAD, models=2)
    truth = gate.population(design, 4_000)
    scores = gate.studies(design, 1_000, 5)
    thresholds = [0.0 if each.margin else truth[each.name][0] for each in gate.PLAN]
    shares = gate.failing_shares(scores, thresholds)
    assert shares[bench.GATE] <= 0.05
    assert shares["one-sided intervals, no correction"] > 0.1  # what the correction is for
    assert shares[gate.VALUE_RULE] > 0.7


@pytest.mark.slow
def test_planted_regressions_are_detected_at_the_stated_power(simulations):
    bench, _ = simulations
    studies = 40
    rows = list(bench.regressions(studies, 2_000))
    assert len(rows) == 20
    for row in rows:
        stated = row["stated power"]
        assert row["fail"] >= stated - 3 * np.sqrt(max(stated * (1 - stated), 0.05) / studies), row
        assert row["pass"] <= 0.05, row
    assert sum(row["stated power"] > 0.9 for row in rows) >= 10
    assert np.mean([row["fail"] for row in rows if row["stated power"] > 0.9]) > 0.95
