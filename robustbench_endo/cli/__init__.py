"""The command line: ``robust-endo``.

Modules of commands import neither torch nor pandas before a command runs, so that ``--help`` is fast.
"""

from __future__ import annotations

import click

from robustbench_endo.cli.calibrate_confidence import calibrate_confidence
from robustbench_endo.cli.compare import compare
from robustbench_endo.cli.corrupt import corrupt, preview
from robustbench_endo.cli.datasets import datasets
from robustbench_endo.cli.errors import ErrorHandlingGroup
from robustbench_endo.cli.evaluate import evaluate
from robustbench_endo.cli.evidence import evidence
from robustbench_endo.cli.export import export
from robustbench_endo.cli.export_predictions import export_predictions
from robustbench_endo.cli.gate import gate
from robustbench_endo.cli.list_commands import corruptions, models
from robustbench_endo.cli.merge import merge
from robustbench_endo.cli.push_to_hub import push_to_hub
from robustbench_endo.cli.realism import realism
from robustbench_endo.cli.report import leaderboard, report
from robustbench_endo.cli.reproduce import reproduce
from robustbench_endo.cli.sample_size import sample_size
from robustbench_endo.cli.severity_survey import severity_survey
from robustbench_endo.cli.submit import submit
from robustbench_endo.cli.synthesize import synthesize
from robustbench_endo.cli.train import train
from robustbench_endo.cli.verify import verify
from robustbench_endo.cli.warmup import warmup


@click.group(cls=ErrorHandlingGroup, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="robustbench-endo", prog_name="robust-endo")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """Robustness benchmark for surgical vision models under realistic image corruptions."""


for _command in (
    *(evaluate, merge, train, report, compare, gate, verify, evidence, sample_size, submit, leaderboard),
    *(reproduce, realism, synthesize, corrupt, preview, severity_survey, export, export_predictions, push_to_hub),
    *(calibrate_confidence, models, datasets, corruptions, warmup),
):
    main.add_command(_command)
