"""The other arguments of :func:`rb.evaluate`: an unknown name or a wrong kind of value is an error of one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from robustbench_endo.errors import RobustEndoError, UnknownNameError, unknown_name
from robustbench_endo.evaluation.config import EvaluationConfig, EvaluationOptions, parse_resolution
from robustbench_endo.evaluation.severity_options import parse_severities
from robustbench_endo.metrics.base import Metric
from robustbench_endo.tasks.segmentation.tolerance import parse_spacing

ARGUMENTS = ("models", "data", "corruptions", "severities", "out", "suite", "metrics", "progress", "profiler", "engine")
"""Parameters of :func:`rb.evaluate` besides those that are options."""

RENAMED: Mapping[str, str] = {
    "batch": "batch_size",
    "bs": "batch_size",
    "corruption": "corruptions",
    "dataset": "data",
    "folder": "out",
    "frames": "limit",
    "gpu": "device",
    "level": "severities",
    "levels": "severities",
    "metric": "metrics",
    "model": "models",
    "n": "limit",
    "names": "corruptions",
    "net": "models",
    "num_workers": "workers",
    "output": "out",
    "random_state": "seed",
    "severity": "severities",
    "size": "resolution",
    "image_size": "resolution",
}
"""Name that other libraries use -> parameter."""

OF_THE_DATA = ("classes", "activities", "split", "root", "label_map", "subject_regex", "assume_independent_frames")
"""Options of data sets."""

AT_LEAST: Mapping[str, int] = {"limit": 1, "workers": 1, "batch_size": 1, "replicates": 1, "gallery_frames": 0}
"""Smallest value of options that are whole numbers."""


def check_keywords(options: Mapping[str, object]) -> None:
    """Raise UnknownNameError for a keyword argument that :func:`rb.evaluate` does not have."""
    known = (*ARGUMENTS, *EvaluationOptions.__annotations__)
    for name in options:
        if name in EvaluationOptions.__annotations__:
            continue
        if name in OF_THE_DATA:
            raise UnknownNameError(
                f"Expected an argument of evaluate, got {name!r}, which belongs to the data: give it to "
                "rb.load_dataset(...), rb.from_torch(...) or rb.from_huggingface(...)."
            )
        if name in RENAMED:
            raise UnknownNameError(f"Expected an argument of evaluate, got {name!r}: write {RENAMED[name]}=.")
        raise unknown_name("argument of evaluate", name, known)


def check_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a call in the types that the configuration has.

    A single text is accepted for ``notes`` and ``nsd_tolerance``, a ``torch.device`` for ``device``, and a text such as
    ``256x320`` for ``resolution``.

    Raises:
        RobustEndoError: an unknown name, or a value of another kind; names the argument.

    >>> check_options({"notes": "a proxy", "seed": 3})
    {'notes': ('a proxy',), 'seed': 3}
    """
    check_keywords(options)
    return {name: _CHECKS.get(name, _unchanged)(name, value) for name, value in options.items()}


def as_severities(severities: Any) -> tuple[Any, ...]:
    """One severity, several, or a text such as ``1-5``, as a tuple; their range is checked by the configuration.

    Raises:
        RobustEndoError: something else.

    >>> as_severities(3), as_severities(range(1, 3)), as_severities("1-3")
    ((3,), (1, 2), (1, 2, 3))
    """
    if isinstance(severities, str):
        return parse_severities(severities)
    entries = [severities] if isinstance(severities, Real) or not isinstance(severities, Iterable) else severities
    values = tuple(_number(entry) for entry in entries)
    if wrong := [value for value in values if isinstance(value, bool) or not isinstance(value, (int, float))]:
        raise RobustEndoError(
            f"Expected severities to be numbers from 1 to 5, got {wrong[0]!r}: write severities=3 or severities=(1, 5)."
        )
    return values


def as_corruptions(corruptions: Any) -> str | tuple[str, ...]:
    """Names of corruptions as a text or a tuple.

    Raises:
        RobustEndoError: something else.
    """
    if isinstance(corruptions, str):
        return corruptions
    names = tuple(corruptions) if isinstance(corruptions, Iterable) else (corruptions,)
    if not names or not all(isinstance(name, str) for name in names):
        wrong = next((name for name in names if not isinstance(name, str)), names)
        raise RobustEndoError(
            f"Expected corruptions to be names such as 'smoke' or ['smoke', 'contrast'], got {wrong!r}: see "
            "rb.list_corruptions(); a corruption of your class belongs into suite=."
        )
    return names


def check_metrics(metrics: Any) -> Sequence[Any]:
    """The further metrics of a call; a single one is a list of one.

    Raises:
        RobustEndoError: names, which metrics of the package do not need, or other objects.
    """
    if isinstance(metrics, str) or not isinstance(metrics, Iterable):
        metrics = [metrics]
    entries: list[Any] = list(metrics)
    for metric in entries:
        if isinstance(metric, str):
            raise RobustEndoError(
                f"Expected metrics to be classes of your own, got the name {metric!r}: leave it out, because all "
                "metrics of the package are computed; results.scores() has them."
            )
        if metric is Metric or not (
            isinstance(metric, Metric) or (isinstance(metric, type) and issubclass(metric, Metric))
        ):
            kind = metric.__name__ if isinstance(metric, type) else type(metric).__name__
            raise RobustEndoError(
                f"Expected metrics to be subclasses of rb.metrics.Metric or objects of them, got {kind}: derive it."
            )
    return entries


def check_objects(out: object, suite: object, progress: object, profiler: object, engine: object) -> None:
    """Raise RobustEndoError where an argument is of another kind than its name says."""
    expected = {
        "out": (out is None or isinstance(out, (str, Path)), "a folder", out),
        "suite": (
            suite is None or isinstance(suite, (str, Path)) or hasattr(suite, "corruptions"),
            "a name, a TOML file or a Suite",
            suite,
        ),
        "progress": (
            progress is None or (callable(progress) and not isinstance(progress, type)),
            "a function of (done, total)",
            progress,
        ),
        "profiler": (profiler is None or hasattr(profiler, "time"), "a Profiler", profiler),
        "engine": (isinstance(engine, str) or callable(engine), "local, ray or an object that computes chunks", engine),
    }
    for name, (fits, kind, value) in expected.items():
        if not fits:
            raise _wrong(name, kind, value)


def check_stored(config: EvaluationConfig, *, stored: bool) -> None:
    """Raise RobustEndoError where a run without a folder is to store predictions or thumbnails."""
    if not stored and config.save_predictions != "none":
        raise RobustEndoError(
            f"Expected a run folder for save_predictions={config.save_predictions!r}, got none: add out=."
        )
    if not stored and config.keep_frames:
        raise RobustEndoError(f"Expected a run folder for keep_frames={config.keep_frames}, got none: add out=.")


def _wrong(name: str, expected: str, value: object) -> RobustEndoError:
    return RobustEndoError(f"Expected {name} to be {expected}, got {value!r}: correct {name}=.")


def _number(value: Any) -> Any:
    """A number of numpy as one of Python; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return value
    return int(value) if isinstance(value, Integral) else float(value)


def _unchanged(name: str, value: Any) -> Any:
    return value


def _integer(name: str, value: Any) -> Any:
    number = _number(value)
    if value is None and name in ("limit", "batch_size", "workers"):
        return None
    least = AT_LEAST.get(name)
    if isinstance(number, bool) or not isinstance(number, int) or (least is not None and number < least):
        raise _wrong(name, "a whole number" + ("" if least is None else f" of at least {least}"), value)
    return number


def _real(name: str, value: Any) -> Any:
    number = _number(value)
    if value is not None and (isinstance(number, bool) or not isinstance(number, (int, float))):
        raise _wrong(name, "a number", value)
    return number


def _flag(name: str, value: Any) -> Any:
    if not isinstance(value, bool):
        raise _wrong(name, "True or False", value)
    return value


def _text(name: str, value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        raise _wrong(name, "a text", value)
    return value


def _texts(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return (value,)
    texts = tuple(value) if isinstance(value, Iterable) else (value,)
    if not all(isinstance(text, str) for text in texts):
        raise _wrong(name, "texts", value)
    return texts


def _paths(name: str, value: Any) -> Any:
    paths = (value,) if isinstance(value, (str, Path)) or not isinstance(value, Iterable) else tuple(value)
    if not all(isinstance(path, (str, Path)) for path in paths):
        raise _wrong(name, "the path of a calibration.json, or several", value)
    return tuple(map(str, paths))


def _device(name: str, value: Any) -> Any:
    if type(value).__name__ == "device":  # torch.device
        return str(value)
    if not isinstance(value, str):
        raise _wrong(name, "a text such as 'cpu', 'cuda' or 'cuda:1'", value)
    return value


def _spacing(name: str, value: Any) -> Any:
    if value is None or isinstance(value, str):
        return None if value is None else parse_spacing(value)
    numbers = [_number(each) for each in (value if isinstance(value, (tuple, list)) else [value])]
    if len(numbers) not in (1, 2) or not all(type(number) in (int, float) and number > 0 for number in numbers):
        raise _wrong(name, "mm per pixel, one positive number or (rows, columns)", value)
    return numbers[0] if len(numbers) == 1 else tuple(map(float, numbers))


def _resolution(name: str, value: Any) -> Any:
    if value is None:
        return None
    numbers = [_number(each) for each in (value if isinstance(value, (tuple, list)) else [value])]
    if all(isinstance(number, int) for number in numbers) and len(numbers) in (1, 2):
        return parse_resolution("x".join(map(str, numbers)))
    if isinstance(value, str):
        return parse_resolution(value)
    raise _wrong(name, "'native', a short side such as 512, or (height, width)", value)


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(
        ("limit", "seed", "replicates", "batch_size", "workers", "gallery_frames", "keep_frames"), _integer
    ),
    "target_distortion": _real,
    "compile": _flag,
    **dict.fromkeys(
        ("failure_point", "adapt", "address", "protocol", "backend", "precision", "region", "save_predictions"), _text
    ),
    **dict.fromkeys(("notes", "nsd_tolerance"), _texts),
    "calibration": _paths,
    "device": _device,
    "resolution": _resolution,
    "spacing": _spacing,
}
