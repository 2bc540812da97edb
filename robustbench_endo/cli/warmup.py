"""``robust-endo warmup``."""

from __future__ import annotations

import click

from robustbench_endo.cli.command import command, option
from robustbench_endo.cli.verbosity import verbosity_options


@command(short="Compile all kernels.", examples=("robust-endo warmup", "robust-endo warmup --suite all"))
@option("--suite", default="endo19", metavar="SUITE", help="A suite, the path of its TOML file, or all.")
@verbosity_options
def warmup(suite: str) -> None:
    """Compile all kernels, so that the first evaluation begins at once.

    Compiled kernels are cached in a folder of the user (ROBUST_ENDO_CACHE sets another) and survive a new installation.
    """
    from robustbench_endo.cli.compile_kernels import compile_steps
    from robustbench_endo.evaluation.compiled_kernels import CompiledKernels
    from robustbench_endo.evaluation.kernel_warm_up import suite_steps

    done = compile_steps(suite_steps(suite))
    compiled = CompiledKernels()
    if not done.steps:
        click.echo("Nothing to do: all kernels are compiled.")
    else:
        click.echo(f"Compiled {done.kernels} functions in {done.seconds:.0f} s.")
    if compiled.folder is None or not compiled.folder.is_dir():
        click.echo("They cannot be cached: set ROBUST_ENDO_CACHE to a folder that can be written.")
    else:
        click.echo(f"Cache: {compiled.folder}, {compiled.size().bytes / 2**20:.1f} MiB.")
