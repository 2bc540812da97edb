"""On import: in a checkout that is not installed its three folders become one import name, as an installation does."""

import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]

if find_spec("robustbench_endo") is None:
    sys.path.insert(0, str(ROOT))

import robustbench_endo  # noqa: E402

if find_spec("robustbench_endo.corruptions") is None:
    robustbench_endo.__path__.append(str(ROOT))
