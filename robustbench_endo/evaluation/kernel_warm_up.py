"""Compilation of numba's kernels before they are needed: each is called on small frames, once per installation.

In a run, the first frames would wait for minutes in silence. What was compiled is listed in a file next to the cached
kernels, so that a later call has nothing to do. Triton's kernels are compiled by :mod:`.warm_up`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import torch
from numba.core import event

from robustbench_endo.corruptions import Selection, Suite, load_suite
from robustbench_endo.corruptions.compound import SEPARATOR
from robustbench_endo.errors import unknown_name
from robustbench_endo.evaluation.batch import Batch, read_batches
from robustbench_endo.evaluation.compiled_kernels import CompiledKernels
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.config import PROTOCOLS, SEVERITIES, EvaluationConfig
from robustbench_endo.evaluation.corrupt_batch import CorruptedFrames, corrupt_batch
from robustbench_endo.evaluation.loop import score_batch
from robustbench_endo.evaluation.plan import EvaluationPlan, build_plan
from robustbench_endo.evaluation.warm_up import predict_nothing
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.types import Dataset, Sample

SYNTHETIC, SCORES, SURROUND = "synthetic", "scores", "surround"
DEFAULT_SUITE = "endo19"
COMPILE_SECONDS = {
    SYNTHETIC: 10.0,
    f"{SCORES}/standard": 34.0,
    f"{SURROUND}/{SCORES}/standard": 6.0,
    "gaussian_noise": 4.0,
    "defocus_blur": 5.0,
    "gaussian_blur": 4.0,
    "bleeding": 7.0,
    "smoke": 5.0,
    "jpeg_compression": 11.0,
}
"""CPU seconds to compile what a step needs, after the steps before it, measured on one core of a server."""
OTHER_SECONDS = 1.0
"""The same of a step that is not in the table."""
MAX_FLOATING = 100_000
"""Pixels of a frame that is also corrupted as a floating image."""

Progress = Callable[[float, float, str], object]
"""Called with (seconds done, seconds in all, what is compiled), as estimated, from the first compilation on."""


@dataclass(frozen=True)
class Step:
    """Calls that compile the kernels of a corruption, of the scores or of synthetic frames.

    Attributes:
        name: such as ``endo19/smoke``.
        run: makes the calls.
    """

    name: str
    run: Callable[[], object]

    @property
    def seconds(self) -> float:
        """Estimate of the time to compile."""
        if self.name.startswith(SURROUND):  # whose kernels are the same in all corruptions
            return COMPILE_SECONDS.get(self.name, 0.0)
        return COMPILE_SECONDS.get(self.name, COMPILE_SECONDS.get(self.name.rpartition("/")[2], OTHER_SECONDS))


@dataclass(frozen=True)
class WarmUp:
    """What a warm-up has done.

    Attributes:
        steps: number of steps that were not listed as compiled.
        kernels: number of functions that were compiled; the others were in the cache.
        seconds: that it took.
    """

    steps: int
    kernels: int
    seconds: float


def warmup(suite: str | Suite = DEFAULT_SUITE, progress: Progress | None = None) -> WarmUp:
    """Compile all kernels of a suite, of the scores and of synthetic frames, unless they are in the cache.

    The first evaluation then begins at once, also in another process and after a new installation.

    Args:
        suite: a suite, its name, the path of its TOML file, or ``all``.
        progress: called with (seconds done, seconds in all, name), as estimated, if anything is compiled.

    Returns:
        The number of compiled functions and the time.

    Raises:
        UnknownNameError: no such suite.

    >>> import robustbench_endo as rb
    >>> rb.warmup().seconds >= 0
    True
    """
    return run_steps(suite_steps(suite), progress)


def suite_steps(suite: str | Suite) -> list[Step]:
    """The steps of :func:`warmup`."""
    from robustbench_endo.corruptions import SUITES

    if isinstance(suite, str) and suite not in (*SUITES, "all") and not suite.endswith(".toml"):
        raise unknown_name("suite or a path to a .toml file", suite, (*SUITES, "all"))
    names = SUITES if suite == "all" else (suite,)
    steps = [synthetic_step(), *(step for protocol in PROTOCOLS for step in score_steps(protocol))]
    for name in names:
        loaded = load_suite(name) if isinstance(name, str) else name
        steps += corruption_steps(loaded, loaded.select("all"))
    return steps


def plan_steps(plan: EvaluationPlan) -> list[Step]:
    """The steps for the kernels that a run calls on the CPU."""
    steps = data_steps(plan.dataset)
    if plan.device.type != "cpu":
        return steps
    surround = not steps  # synthetic frames have none
    corrupted = corruption_steps(plan.suite, plan.corruptions, surround)
    return [*steps, *score_steps(plan.config.protocol, surround), *corrupted]


def data_steps(data: Dataset) -> list[Step]:
    """The step for the frames of a data set, if it is the synthetic one."""
    from robustbench_endo.data.synthetic.dataset import SyntheticScenes

    return [synthetic_step()] if isinstance(data, SyntheticScenes) else []


def synthetic_step() -> Step:
    """Frames of the synthetic data set."""

    def render() -> None:
        from robustbench_endo.data import load_dataset

        for size in (48, 64), (512, 640):
            data = load_dataset("synthetic", frames=2, size=size)
            for index in range(len(data)):
                data[index]

    return Step(SYNTHETIC, render)


def score_steps(protocol: str, surround: bool = True) -> list[Step]:
    """Scores of predictions.

    Args:
        protocol: of the scores.
        surround: whether there can be frames with a dark surround.
    """
    selected = Selection(load_suite(DEFAULT_SUITE), ())

    def step(prefix: str, ids: Sequence[str]) -> Step:
        return Step(f"{prefix}{SCORES}/{protocol}", _Frames(selected, protocol, ids).score)

    return [step(prefix, ids) for prefix, ids in _kinds(surround)]


def corruption_steps(suite: Suite, names: Sequence[str], surround: bool = True) -> list[Step]:
    """Our corruptions, and the parts of compounds; a user's own may do anything.

    Args:
        suite: with the corruptions.
        names: of corruptions and compounds.
        surround: whether there can be frames with a dark surround.
    """
    singles = dict.fromkeys(part for name in names for part in name.split(SEPARATOR))
    builtin = [name for name in singles if type(suite.get(name)).__module__.startswith("robustbench_endo.")]
    selected = Selection(suite, tuple(builtin))
    return [
        Step(f"{prefix}{suite.name}/{name}", partial(frames.corrupt, name))
        for prefix, ids in _kinds(surround)
        for frames in [_Frames(selected, PROTOCOLS[0], ids)]
        for name in builtin
    ]


def _kinds(surround: bool) -> list[tuple[str, Sequence[str]]]:
    """Prefixes of steps, and the frames of each kind of step."""
    plain: tuple[str, Sequence[str]] = "", ("small", "large")
    return [plain, (f"{SURROUND}/", ("round",))] if surround else [plain]


def run_steps(steps: Sequence[Step], progress: Progress | None = None) -> WarmUp:
    """Run the steps that are not listed as compiled.

    An error of a step is ignored: if it is not of these frames only, the run meets it again and reports it.
    """
    record = CompiledKernels()
    missing = [step for step in steps if step.name not in record.names]
    if not missing:
        return WarmUp(0, 0, 0.0)
    begin, total, done, current = time.monotonic(), sum(step.seconds for step in missing), 0.0, ""
    limit, start = 0.0, begin

    def report() -> None:
        if progress is not None:
            progress(min(done + time.monotonic() - start, limit), total, current)

    with _compilations(report) as compiled:
        for step in missing:
            current, start, limit = step.name, time.monotonic(), done + step.seconds
            with suppress(Exception):
                step.run()
            done += step.seconds
        current, limit = "", done
        if compiled:
            report()
    record.add(step.name for step in missing)
    return WarmUp(len(missing), len(compiled), time.monotonic() - begin)


@contextmanager
def _compilations(report: Callable[[], object]) -> Iterator[list[str]]:
    """Names of the functions that numba compiles; each is reported before."""
    names: list[str] = []

    class Listener(event.Listener):
        def on_start(self, event: Any) -> None:
            names.append(str(event.data))
            report()

        def on_end(self, event: Any) -> None:
            """Nothing to do."""

    with event.install_listener("numba:compile", Listener()):
        yield names


class _Frames:
    """Frames of a labelled data set in a run without models: small, small with a surround, or large."""

    name, classes, activities = "warm-up", ("background", "instrument"), ("none", "cutting")
    _severities: Mapping[str, Sequence[float]] = {
        "small": SEVERITIES,
        "round": SEVERITIES[2:3],
        "large": SEVERITIES[::4],
    }

    def __init__(self, selected: Selection, protocol: str, ids: Sequence[str]) -> None:
        self._selected, self._protocol = selected, protocol
        self.ids = self.subjects = tuple(ids)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> Sample:
        height, width = (512, 640) if self.ids[index] == "large" else (96, 128)
        rows, columns = torch.arange(height)[:, None], torch.arange(width)
        texture = 90 + 60 * torch.sin(rows / 7) * torch.cos(columns / 9)
        image = torch.stack([texture, texture / 2, texture / 3])
        if self.ids[index] == "round":
            image *= (rows - height / 2) ** 2 + (columns - width / 2) ** 2 < (0.49 * height) ** 2
        mask = (texture > 120).byte()
        return Sample(image.byte(), {"segmentation": mask, "activity": index % 2}, self.ids[index], "warm-up")

    @cached_property
    def plan(self) -> EvaluationPlan:
        """Of a run with one model, which is not called."""
        config = EvaluationConfig(device="cpu", protocol=self._protocol)
        return build_plan(config, {"warm-up": lambda images: {}}, self, self._selected)

    @cached_property
    def batches(self) -> list[Batch]:
        """One frame each."""
        plan = self.plan
        read = (read_batches(self, [index], plan.suite.resolution, plan.tasks)[0] for index in range(len(self)))
        return [batch.to(plan.device) for batches in read for batch in batches]

    def score(self) -> None:
        """Check the labels of the frames and score predictions."""
        for batch in self.batches:
            predictions = {"warm-up": predict_nothing(self.plan, batch)}
            for task in self.plan.tasks:
                task.check_targets(batch.targets[task.name], len(self.plan.labels[task.name]))
            hidden = torch.arange(batch.images.shape[3]).expand_as(batch.images[:, 0]) < batch.images.shape[3] // 2
            frames = CorruptedFrames(batch.images, dict(batch.targets), hidden)
            score_batch(self.plan, batch, Condition(CLEAN, 0), frames, predictions).wait()

    def corrupt(self, name: str) -> None:
        """Corrupt the frames as bytes, where the corruption can; the small ones also as floating images."""
        for batch in self.batches:
            for severity in self._severities[batch.ids[0]]:
                with suppress(Exception):
                    corrupt_batch(self.plan, batch, Condition(name, severity))
                    if batch.pixels < MAX_FLOATING:
                        self.plan.suite.corrupt(batch.images, name, severity, batch.ids)
