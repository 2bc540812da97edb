"""``python -m robustbench_endo``: the command line."""

from robustbench_endo.cli import main

main(prog_name="robust-endo")
