"""A small table of reproduced numbers."""

import math

import pandas as pd
import pytest

from robustbench_endo.reports.reproduction.table import PaperTable


def make_line(model, protocol, reproduced, published, state="done", sd=math.nan, seeds=1):
    quantity = "endoarss_miou" if protocol == "endoarss" else "miou"
    numbers = {"reproduced": reproduced, "sd": sd, "seeds": seeds}
    numbers |= {"published": published, "difference": reproduced - published}
    labels = {"category": "noise", "corruption": "shot_noise", "model": model}
    return {**labels, "metric": "miou", "protocol": protocol, "quantity": quantity, **numbers, "state": state}


@pytest.fixture
def line():
    """Makes a row."""
    return make_line


@pytest.fixture
def table():
    rows = [
        make_line("A/one", "endoarss", 61.5, 64.18),
        make_line("B/two", "endoarss", math.nan, 65.9, "Expected <a> finite loss, got nan."),
        make_line("A/one", "standard", 58.25, math.nan),
        make_line("B/two", "standard", math.nan, math.nan, "Expected <a> finite loss, got nan."),
    ]
    return PaperTable(
        "Table VII", ("category", "corruption", "model"), pd.DataFrame(rows), ("Substitutes: 100 % toys.",)
    )
