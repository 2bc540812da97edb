"""A trap: an input that would have an effect if it were trusted, and how the effect shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from inprocess import Done

Set = Callable[[Path, Path], Sequence[str]]
"""(base files, folder of the case) -> arguments of the command that meets the trap."""

SECRET = "soak-secret-5f2c"
"""Content of files outside of the input that must not appear in any output."""


def marker(folder: Path) -> Path:
    """The file that a trap of a case writes if it takes effect; outside the output folder."""
    return folder / "trapped"


@dataclass(frozen=True)
class TrapCase:
    """One trap.

    Attributes:
        kind: as counted in the output.
        label: of the variant.
        base: folder with undamaged files.
        set: writes the trap.
        codes: exit codes of a command that it has no effect on.
        effect: what else shows an effect, as text; empty where there is none.
    """

    kind: str
    label: str
    base: Path
    set: Set
    codes: tuple[int, ...] = (2,)
    effect: Callable[[Done], str] | None = None

    @property
    def name(self) -> str:
        """Unique in the section."""
        return f"{self.kind}-{self.label}"

    def build(self, folder: Path) -> Sequence[str]:
        """Write the trap."""
        return self.set(self.base, folder)

    def check(self, done: Done) -> str:
        """The effect, or the exit code of a command that did not do its job."""
        if marker(done.folder).exists():
            return "the trap took effect"
        if done.reply.code not in self.codes:
            return f"exit code {done.reply.code}: {done.reply.stderr.strip()[-250:]!r}"
        return self.effect(done) if self.effect else ""


def written_texts(folder: Path) -> dict[str, bytes]:
    """Path -> content of every file below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def secret_in_output(done: Done) -> str:
    """Files of the output folder that contain the secret, or are links."""
    out = done.folder / "out"
    leaks = [name for name, content in written_texts(out).items() if SECRET.encode() in content]
    links = [path.name for path in out.rglob("*") if path.is_symlink()] if out.is_dir() else []
    return f"the secret is in {', '.join(leaks[:3])}" if leaks else f"links in the output: {links[0]}" if links else ""
