"""The compilation of kernels before a command begins, with progress."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from robustbench_endo.cli.progress import Advance, progress_bar

if TYPE_CHECKING:
    from robustbench_endo.corruptions import Selection
    from robustbench_endo.evaluation.kernel_warm_up import Progress, Step, WarmUp
    from robustbench_endo.evaluation.plan import EvaluationPlan
    from robustbench_endo.types import Dataset


def compile_for_plan(plan: EvaluationPlan) -> None:
    """Compile the kernels that a run needs, with progress, where they are not in the cache."""
    from robustbench_endo.evaluation.kernel_warm_up import plan_steps

    compile_steps(plan_steps(plan))


def compile_for_corruptions(selected: Selection) -> None:
    """Compile the kernels of corruptions, with progress, where they are not in the cache."""
    from robustbench_endo.evaluation.kernel_warm_up import corruption_steps

    compile_steps(corruption_steps(selected.suite, selected.names))


def compile_for_training(data: Dataset) -> None:
    """Compile the kernels of frames and of the validation scores, with progress, where they are not in the cache."""
    from robustbench_endo.evaluation.kernel_warm_up import data_steps, score_steps

    steps = data_steps(data)
    compile_steps([*steps, *score_steps("standard", surround=not steps)])


def compile_steps(steps: Sequence[Step]) -> WarmUp:
    """Run steps of a warm-up with progress, which appears if anything is compiled."""
    from robustbench_endo.evaluation.kernel_warm_up import run_steps

    with _shown_when_needed() as progress:
        return run_steps(steps, progress)


@contextmanager
def _shown_when_needed() -> Iterator[Progress]:
    """Progress that appears with the first function that has to be compiled."""
    with ExitStack() as stack:
        advance: Advance | None = None
        first = 0.0

        def progress(done: float, total: float, name: str) -> None:
            nonlocal advance, first
            if advance is None:
                first = done
                label = f"Compiling kernels (once, about {total - done:.0f} s)"
                advance = stack.enter_context(progress_bar(label, "s"))
            parts = name.split("/")
            detail = "scores" if "scores" in parts else parts[-1]  # short, for 80 columns
            advance(round(done - first), max(1, round(total - first)), detail)

        yield progress
