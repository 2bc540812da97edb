"""A small table of reproduced numbers."""

import math

import pandas as pd
import pytest

from robustbench_endo.reports.reproduction.table import PaperTable


def line(model, protocol, reproduced, published, state="done"):
    quantity = "endoarss_miou" if protocol == "endoarss" else "miou"
    numbers = {"reproduced": reproduced, "published": published, "difference": reproduced - published}
    labels = {"category": "noise", "corruption": "shot_noise", "model": model}
    return {**labels, "metric": "miou", "protocol": protocol, "quantity": quantity, **numbers, "state": state}


@pytest.fixture
def table():
    rows = [
        line("A/one", "endoarss", 61.5, 64.18),
        line("B/two", "endoarss", math.nan, 65.9, "Expected <a> finite loss, got nan."),
        line("A/one", "standard", 58.25, math.nan),
        line("B/two", "standard", math.nan, math.nan, "Expected <a> finite loss, got nan."),
    ]
    return PaperTable(
        "Table VII", ("category", "corruption", "model"), pd.DataFrame(rows), ("Substitutes: 100 % toys.",)
    )
