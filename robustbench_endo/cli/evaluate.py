"""``robust-endo evaluate``."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustbench_endo.cli.command import command, option
from robustbench_endo.cli.config_options import config_options
from robustbench_endo.cli.json_output import json_option
from robustbench_endo.cli.track import check_trackers, log_option, logged_to
from robustbench_endo.cli.verbosity import echo_note, is_verbose, verbosity_options
from robustbench_endo.config import to_values
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.interruption import resumable

if TYPE_CHECKING:
    from robustbench_endo.corruptions import Selection
    from robustbench_endo.evaluation.plan import EvaluationPlan


@command(
    short="Evaluate models under corruptions.",
    examples=(
        "robust-endo evaluate --limit 20 --corruption smoke",
        "robust-endo evaluate --model runs/mine --data data/endovis18 --out runs/study",
        "robust-endo evaluate --model my_model.py:build --data DIR --severity 1,3,5",
        "robust-endo evaluate --model ours=runs/a --model theirs=model.onnx --json",
    ),
    context_settings={"allow_extra_args": True},
)
@config_options(EvaluationConfig, "evaluate")
@option("--profile", is_flag=True, help="Print a timing breakdown.", group="Output")
@option("--dry-run", is_flag=True, help="Print what would run and an estimate of what it needs.", group="Output")
@json_option
@log_option
@verbosity_options
def evaluate(config: EvaluationConfig, profile: bool, dry_run: bool, loggers: tuple[str, ...], as_json: bool) -> None:
    """Evaluate models under corruptions and write table, records and report.

    Without options: three small shipped models on synthetic surgical scenes, all 19 corruptions at 5 severities. The
    clean frames always run; --corruption clean runs only them. --dry-run computes two frames at some conditions and
    writes nothing.
    """
    _refuse_arguments(click.get_current_context().args)
    echo_note("Loading models and data.")  # before imports that take seconds

    from robustbench_endo.cli.dry_run import show_dry_run
    from robustbench_endo.cli.output import print_profile, profiler_for, show_results, show_shard
    from robustbench_endo.cli.progress import progress_bar
    from robustbench_endo.cli.run_log import run_log
    from robustbench_endo.evaluation.device import choose_device
    from robustbench_endo.evaluation.engines import choose_engine
    from robustbench_endo.evaluation.plan import select_corruptions
    from robustbench_endo.evaluation.run import run_plan, run_shard
    from robustbench_endo.evaluation.shard import parse_shard

    # Invalid settings, such as a device that is missing, are reported before models are loaded.
    choose_device(config.device)
    trackers = check_trackers(loggers, config.shard)
    selected = select_corruptions(config)
    engine = choose_engine(config, debug=click.get_current_context().find_root().params["debug"])
    profiler = profiler_for(config.device if profile else "cpu")
    if dry_run:
        with tempfile.TemporaryDirectory() as folder:
            show_dry_run(_plan(replace(config, out=Path(folder)), selected), config.out, as_json)
        return
    with resumable(config.out), run_log(config.out, to_values(config), config.shard):
        plan = _plan(config, selected)
        with progress_bar("Evaluating", "frames x conditions") as advance:
            if config.shard is None:
                results = run_plan(plan, advance, profiler, engine)
            else:
                shard = run_shard(plan, advance, profiler, engine)
        if profile or is_verbose():
            print_profile(profiler, as_json)
        if config.shard is None:
            with logged_to(trackers, results):
                show_results(results, config.out, config.formats, as_json)
        else:
            show_shard(shard, parse_shard(config.shard), config.out, as_json)


def _plan(config: EvaluationConfig, selected: Selection) -> EvaluationPlan:
    """Load models and data, and compile the kernels of the run."""
    from robustbench_endo.cli.compile_kernels import compile_for_plan
    from robustbench_endo.cli.resolve_inputs import load_models_and_data
    from robustbench_endo.corruptions.kernels.triton_support import triton_failure
    from robustbench_endo.evaluation.plan import build_plan

    models, dataset = load_models_and_data(
        config.models,
        config.data,
        config.split,
        config.classes,
        config.subject_regex,
        label_map=config.label_map,
        assume_independent_frames=config.assume_independent_frames,
        trust_model_file=config.trust_model_file,
    )
    plan = build_plan(config, models, dataset, selected)
    triton_failure(plan.device)  # which logs it, here above the progress bar
    compile_for_plan(plan)
    return plan


def _refuse_arguments(arguments: Sequence[str]) -> None:
    """Explain arguments without an option: usually a shell has replaced a pattern by several paths."""
    if arguments:
        raise RobustEndoError(
            f"Expected only options, got the argument {arguments[0]!r}: quote a pattern of checkpoint folders, as in "
            "--model 'ours=runs/train/seed*', so that the shell does not replace it by its matches."
        )
