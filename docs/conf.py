"""Configuration of the Sphinx site; ``make docs`` runs it through ``build_site.py``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "robustbench_endo"
author = "The robustbench_endo contributors"
project_copyright = author
html_title = "robustbench_endo"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click", "site_extension"]
nitpicky = True
# Names of other libraries, and of modules inside the packages, which have no page here.
nitpick_ignore_regex = [
    (r"py:.*", r"(torch|np|numpy|pd|pandas|pathlib|collections|matplotlib|PIL|click|rich|typing|pyarrow)(\..*)?"),
    (
        r"py:.*",
        r"(Tensor|Figure|Path|Image|Sequence|Mapping|Iterable|Callable|optional|abc\..*|nn\..*|Console|Profiler|EvaluationOptions|FolderDataset)",
    ),
    (r"py:.*", r"robustbench_endo\.\w+\.\w+.*"),
    (r"py:mod", r"robustbench_endo\..*"),
    (r"py:func", r"evaluate"),  # robustbench_endo.evaluate, as the docstrings of other packages name it
    (
        r"py:.*",
        r"MIN_SUBJECTS|FORMATS|Px|NDArray|Intervals|PairTest|Calibration|ModelsByName|Models|CsvTable|Results\.\w+|((functional|base|transforms)\.)?(CorruptionTransform|\w+\.__call__|corrupt)",
    ),
]

myst_enable_extensions = ["attrs_inline", "fieldlist"]
myst_heading_anchors = 4

autodoc_member_order = "groupwise"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_maximum_signature_line_length = 88
add_module_names = False

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_search_summary = False  # it is fetched from the pages, which browsers refuse for a site opened from disk
html_show_sphinx = False
_LIGHT, _DARK = "#0b3c7d", "#8ab8ff"
_COLOURED = ("color-brand-primary", "color-brand-content", "color-api-name", "color-api-pre-name")
html_theme_options = {
    "light_css_variables": dict.fromkeys(_COLOURED, _LIGHT),
    "dark_css_variables": dict.fromkeys(_COLOURED, _DARK),
}
pygments_style = "xcode"  # each of its colours has a contrast of 4.5 on the background of code
pygments_dark_style = "monokai"
