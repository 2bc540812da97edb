from .plan import Criterion, Plan, load_plan
from .report import CriterionResult, GateReport, RunReference, load_gate
from .run import run_gate

__all__ = [
    "Criterion",
    "CriterionResult",
    "GateReport",
    "Plan",
    "RunReference",
    "load_gate",
    "load_plan",
    "run_gate",
]
