"""Models and data of a command, checked against each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from robustbench_endo.data import load_dataset
from robustbench_endo.data.folder import FolderDataset
from robustbench_endo.data.layouts.mtl import MultiTask
from robustbench_endo.data.registry import is_divided
from robustbench_endo.errors import ModelError
from robustbench_endo.hub.spec import SCHEME, is_hub_spec, parse_hub_spec
from robustbench_endo.models import SHIPPED, validate
from robustbench_endo.models.assemble import split_io_spec
from robustbench_endo.models.by_name import is_trained, load_trained, load_untrained
from robustbench_endo.models.checkpoint import CARD
from robustbench_endo.tasks.registry import labels_of
from robustbench_endo.types import Dataset

_NAMED = re.compile(r"([^=/@:\\]+)=(.+)")
_PATTERN = re.compile(r"[*?\[]")


def load_data(
    data: str,
    split: str | None,
    classes: tuple[str, ...] | None,
    subject_regex: str | None,
    trained_classes: tuple[str, ...] | None = None,
    *,
    label_map: str | None = None,
    assume_independent_frames: bool = False,
) -> Dataset:
    """The data set of ``--data`` and its options.

    Args:
        data, split, classes, subject_regex, label_map, assume_independent_frames: as in
            :func:`~robustbench_endo.data.load_dataset`.
        trained_classes: classes of a trained model, used for a folder without ``classes.txt`` whose label map, if there
            is one, has no other names.
    """
    options = {
        "split": split,
        "subject_regex": subject_regex,
        "label_map": label_map,
        "assume_independent_frames": assume_independent_frames or None,
    }
    data = _data_with_commit(data)
    dataset = load_dataset(data, classes=classes, **options)
    if classes is None and trained_classes and _takes_names_of_model(dataset, trained_classes):
        return load_dataset(data, classes=trained_classes, **options)
    return dataset


def _takes_names_of_model(dataset: Dataset, trained_classes: tuple[str, ...]) -> bool:
    """Whether a folder leaves the names of its labels open, or maps values to those of a model."""
    if not isinstance(dataset, FolderDataset) or isinstance(dataset, MultiTask):
        return False
    label_map = dataset.labels_of_values
    if label_map is not None and dataset.names_file is None:
        return set(label_map.names) <= set(trained_classes)
    return dataset.names_file is None


def training_split(data: str, split: str | None) -> str | None:
    """The split that is named, else ``train`` where the data are divided."""
    return split or ("train" if is_divided(data) else None)


def load_models_and_data(
    specs: Sequence[str],
    data: str,
    split: str | None,
    classes: tuple[str, ...] | None,
    subject_regex: str | None,
    *,
    label_map: str | None = None,
    assume_independent_frames: bool = False,
    trust_model_file: bool = False,
    known_names: Sequence[str] = (),
) -> tuple[dict[str, Any], Dataset]:
    """The models of ``--model`` by name, those of a method as a list, and the data for them.

    Checkpoints are loaded first, because they contain the names of their labels; a user's factory is then called with
    the number of labels of the data. Every model is validated on a small batch before the run. Model files that are
    programs are vetted before they are opened, unless ``trust_model_file`` is set. ``known_names`` are those of
    :func:`names_of`.

    Raises:
        ModelError: two models of one name, a zoo model without trained weights, outputs that do not fit the data.
    """
    named = names_of(specs or SHIPPED, known_names)
    each = [spec for entry in named.values() for spec in ([entry] if isinstance(entry, str) else entry)]
    trained = {spec: load_trained(spec) for spec in dict.fromkeys(each) if is_trained(spec)}
    classes_of_model = next((tuple(model.classes) for model in trained.values() if model.classes), None)
    dataset = load_data(
        data,
        split,
        classes,
        subject_regex,
        classes_of_model,
        label_map=label_map,
        assume_independent_frames=assume_independent_frames,
    )

    def load(name: str, spec: str) -> Any:
        model = trained[spec] if spec in trained else load_untrained(spec, labels_of(dataset), trust_model_file)
        try:
            _check_fit(name, model, dataset)
        except ModelError:
            # A model cannot fit labels that are no class indices: their coding is the error to correct.
            check = getattr(dataset, "check", None)
            if callable(check):
                check(range(len(dataset)))
            raise
        return model

    models = {
        name: load(name, entry) if isinstance(entry, str) else [load(f"{name} ({spec})", spec) for spec in entry]
        for name, entry in named.items()
    }
    return models, dataset


def names_of(specs: Sequence[str], known: Sequence[str] = ()) -> dict[str, str | tuple[str, ...]]:
    """Name -> spec: ``NAME=SPEC``, else the spec itself or the checkpoint folder's name.

    A pattern such as ``runs/a/*``, or a folder with the checkpoints ``seed*/``, gives the checkpoints of a method.

    Args:
        specs: texts of ``--model``.
        known: names of models of a run, which may contain slashes.

    Raises:
        ModelError: two models of one name, or a pattern that no checkpoint folder matches.
    """
    named: dict[str, str | tuple[str, ...]] = {}
    for text in specs:
        prefix, spec = split_name(text, known)
        name = prefix or _default_name(spec)
        spec = _with_commit(spec)
        if name in named:
            raise ModelError(
                f"Expected a different name for each model, got {name!r} twice: name them as --model NAME={spec}."
            )
        named[name] = _checkpoints_of_method(spec) or spec
    return named


def split_name(text: str, known: Sequence[str]) -> tuple[str, str]:
    """NAME and SPEC, the name empty without one; names in ``known`` may contain what separates parts of a spec."""
    for name in known:
        if text.startswith(f"{name}="):
            return name, text.removeprefix(f"{name}=")
    match = _NAMED.fullmatch(text)
    return (match.group(1), match.group(2)) if match else ("", text)


def _with_commit(spec: str) -> str:
    """A model of the hub with the commit of its branch, so that the run opens one commit; any other spec as it is."""
    plain, file = split_io_spec(spec)
    if not is_hub_spec(plain):
        return spec
    from robustbench_endo.hub.download import fetch_model

    source = fetch_model(plain).source
    return f"{source}#{file}" if file else source


def _data_with_commit(data: str) -> str:
    """Data of the hub with the commit of their branch; any other spec as it is."""
    head, scheme, _ = data.partition(SCHEME)
    if not scheme:
        return data
    from robustbench_endo.hub.download import fetch_data

    return head + fetch_data(data.removeprefix(head)).source


def _default_name(spec: str) -> str:
    if is_hub_spec(spec):
        return parse_hub_spec(split_io_spec(spec)[0], "model").repository
    if _is_pattern(spec):
        return Path(spec).parent.resolve().name
    return Path(spec).resolve().name if Path(spec).is_dir() else spec


def _is_pattern(spec: str) -> bool:
    return bool(_PATTERN.search(spec)) and ":" not in spec and not Path(spec).exists()


def _checkpoints_of_method(spec: str) -> tuple[str, ...]:
    """The checkpoint folders of a pattern, or of a folder that only has those of several seeds; else none."""
    if _is_pattern(spec):
        anchor = Path(spec).anchor
        folders = _with_checkpoint(Path(anchor).glob(spec.removeprefix(anchor)))
        if not folders:
            raise ModelError(
                f"Expected checkpoint folders that match {spec}, got none: give a pattern of the folders that "
                "robust-endo train wrote, such as 'ours=runs/train/seed*'."
            )
        return folders
    if Path(spec).is_dir() and not (Path(spec) / CARD).exists():
        return _with_checkpoint(Path(spec).glob("seed*"))
    return ()


def _with_checkpoint(folders: Iterable[Path]) -> tuple[str, ...]:
    return tuple(sorted(str(folder) for folder in folders if (folder / CARD).is_file()))


def _check_fit(name: str, model: Any, data: Dataset) -> None:
    try:
        validate(model, labels=labels_of(data))
    except ModelError as error:
        raise ModelError(f"Model {name}: {error}") from error
