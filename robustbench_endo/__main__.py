"""``python -m robustbench_endo`` and ``robust-endo``: the command line as a process."""

from robustbench_endo import interruption


def run() -> None:
    """Run the command line; signals end it with one sentence from the first import on."""
    try:
        interruption.install()
        from robustbench_endo.cli import main
        from robustbench_endo.cli.errors import print_any_character

        print_any_character()
        main(prog_name="robust-endo")
    finally:
        # Whatever a library made of the interruption.
        if interruption.received():
            interruption.finish()


if __name__ == "__main__":
    run()
