"""Time per phase."""

import pytest

from robustbench_endo.evaluation.profiler import Profiler


def test_profiler_time_adds_up_by_phase_and_synchronizes():
    calls = []
    profiler = Profiler(lambda: calls.append("synchronized"))
    for _ in range(2):
        with profiler.time("decode"):
            pass
    profiler.add({"decode": 1.0, "write": 2.0})
    assert calls == ["synchronized"] * 2
    assert profiler.phases()["decode"] >= 1
    assert profiler.seconds()["write"] == 2.0
    assert profiler.seconds()["total"] >= 0


def test_profiler_time_counts_a_phase_that_fails():
    profiler = Profiler()
    with pytest.raises(ValueError, match="bad"), profiler.time("forward"):
        raise ValueError("bad")
    assert profiler.phases()["forward"] >= 0
