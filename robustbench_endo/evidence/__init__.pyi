from .check import check_evidence, check_packs
from .gate_check import check_gate
from .hazards import Hazard, read_hazards
from .pack import Pack
from .self_test import run_self_test
from .write import write_evidence

__all__ = [
    "Hazard",
    "Pack",
    "check_evidence",
    "check_gate",
    "check_packs",
    "read_hazards",
    "run_self_test",
    "write_evidence",
]
