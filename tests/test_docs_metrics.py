"""The examples of docs/metrics.md."""

import pytest
from docs_pages import code, read_page

pytestmark = pytest.mark.docs


@pytest.mark.parametrize("example", code(read_page("metrics")))
def test_metrics_page_example_runs(example, capsys):
    exec(compile(example, "metrics.md", "exec"), {})
    assert "tensor" in capsys.readouterr().out
