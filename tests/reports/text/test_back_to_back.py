"""Two models back to back in a terminal."""

import io

import numpy as np
import pandas as pd
from rich.console import Console

from robustbench_endo.reports.text.back_to_back import print_back_to_back
from robustbench_endo.results.back_to_back import ALL, DIFFERING, FAILING, BackToBack


def test_print_back_to_back_prints_each_row_and_a_dash_for_what_is_missing():
    numbers = dict.fromkeys(
        ("first", "second", "difference", "low", "high", "p", "widening", "widening_low", "widening_high"), 12.5
    )
    parts = ("", "_low", "_high")
    shares = {f"{name}{part}": np.nan for name in DIFFERING for part in parts}
    shares |= {f"{name}{part}": 12.5 for name in FAILING for part in parts}
    rows = [
        {"scope": scope, "severity": level, **numbers, **shares, "verdict": "no difference shown", "subjects": 3}
        for scope, level in ((ALL, 0.0), (ALL, 2.5), ("noise", 2.5))
    ]
    result = BackToBack("fp32", "int8", "miou", "%", None, pd.DataFrame(rows), "Statement.", ("A warning.",))
    output = io.StringIO()
    print_back_to_back(result, "mIoU", Console(file=output, width=80), None)
    text = output.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    for part in (
        "mIoU (%): second = int8",
        "clean",
        "2.5",
        "Noise",
        "+12.50 [+12.50, +12.50]",
        " 12.50 [12.50, 12.50]",
        "–",
        "A warning.",
    ):
        assert part in text
    assert "p99" not in text
