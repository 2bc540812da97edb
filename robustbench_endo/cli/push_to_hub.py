"""``robust-endo push-to-hub``."""

from __future__ import annotations

from pathlib import Path

import click

from robustbench_endo.cli.command import argument, command, option


@command(
    "push-to-hub",
    short="Upload a checkpoint or a run to the Hugging Face hub.",
    examples=("robust-endo push-to-hub runs/mine ORG/NAME --dry-run",),
)
@argument("folder", metavar="RUN_OR_CHECKPOINT", type=click.Path(path_type=Path))
@argument("repository", metavar="ORG/NAME")
@option("--private", is_flag=True, help="Create the repository as private; an existing one stays as it is.")
@option("--revision", metavar="NAME", help="Branch, created where it is missing.  [default: main]")
@option("--path", metavar="PATH", default="", show_default=False, help="Folder in the repository.  [default: its root]")
@option("--with-frames", is_flag=True, help="Also upload reports that show frames of your data.")
@option("--exclude", metavar="PATTERN", multiple=True, help="Pattern of file names to leave out; repeatable.")
@option("--dry-run", is_flag=True, help="Print the card and what would be uploaded, without a connection.")
def push_to_hub(
    folder: Path,
    repository: str,
    private: bool,
    revision: str | None,
    path: str,
    with_frames: bool,
    exclude: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Upload a checkpoint or a run, with a model card, to the Hugging Face hub.

    A checkpoint: README.md, model.json, model.safetensors; robust-endo evaluate --model hf://ORG/NAME then opens it. A
    run: README.md with its scores, run.json, summary.csv, and of a run on synthetic data the reports.
    """
    from robustbench_endo.hub.upload import prepare_upload
    from robustbench_endo.hub.upload import push_to_hub as push

    upload = prepare_upload(folder, repository, path, with_frames, exclude)
    if dry_run:
        cards = [item.decode() for item in upload.files.values() if isinstance(item, bytes)]
        click.echo("\n".join(cards))
    click.echo(
        f"{'Would upload' if dry_run else 'Uploading'} to hf://{repository}{f'@{revision}' if revision else ''}:"
    )
    for name, size in upload.sizes().items():
        click.echo(f"  {name}  {_readable(size)}")
    if upload.omitted:
        click.echo(f"Left out {', '.join(upload.omitted)}, which show frames of the data: --with-frames adds them.")
    if not dry_run:
        click.echo(f"Uploaded: {push(upload, repository, private=private, revision=revision)}")


def _readable(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"
