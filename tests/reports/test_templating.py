"""Templates escape names and reject undefined variables."""

import pytest
from jinja2 import UndefinedError

from robustbench_endo.reports.templating import environment


@pytest.fixture
def templates(tmp_path):
    (tmp_path / "page.j2").write_text("{% if true %}\n<b>{{ name | twice }}</b>\n{% endif %}\n")
    return environment(tmp_path, twice=lambda text: 2 * text)


def test_environment_escapes_names_and_has_filters(templates):
    assert templates.get_template("page.j2").render(name="<&") == "<b>&lt;&amp;&lt;&amp;</b>\n"


def test_environment_rejects_undefined_variables(templates):
    templates.filters["twice"] = str
    with pytest.raises(UndefinedError, match="'name' is undefined"):
        templates.get_template("page.j2").render()
