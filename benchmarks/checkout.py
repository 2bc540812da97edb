"""On import: in a checkout that is not installed its three folders become one import name, as an installation does."""

from importlib.util import find_spec
from pathlib import Path

import robustbench_endo

if find_spec("robustbench_endo.corruptions") is None:
    robustbench_endo.__path__.append(str(Path(__file__).parents[1]))
