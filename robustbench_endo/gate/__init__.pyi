from .junit import to_junit
from .markdown import to_markdown
from .plan import Criterion, Plan, load_plan, parse_plan
from .recompute import gate_problem
from .report import CriterionResult, GateReport, RunReference, load_gate
from .run import run_gate

__all__ = [
    "Criterion",
    "CriterionResult",
    "GateReport",
    "Plan",
    "RunReference",
    "gate_problem",
    "load_gate",
    "load_plan",
    "parse_plan",
    "run_gate",
    "to_junit",
    "to_markdown",
]
