"""A user's network, its adapter and the labels of the data, put together."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from robustbench_endo.errors import ModelError
from robustbench_endo.models.external.class_mapping import ClassMapping, Entries, bind, index_of
from robustbench_endo.models.external.io_spec import BACKGROUND, REFUSE, Adapter, adapter_beside, read_adapter
from robustbench_endo.models.external.loaded import LoadedModel
from robustbench_endo.models.external.wrapper import ExternalModel


@dataclass(frozen=True)
class LabelSpace:
    """What the data ask for.

    Attributes:
        num_classes, num_activities: how many, None where nobody said.
        classes, activities: their names in order, None where nobody said.
    """

    num_classes: int | None = None
    num_activities: int | None = None
    classes: tuple[str, ...] | None = None
    activities: tuple[str, ...] | None = None

    def of_the_model(self, adapter: Adapter) -> LabelSpace:
        """What the network itself is built for: its own classes where an adapter translates them."""
        return replace(
            self,
            num_classes=_own_count(adapter.classes, self.num_classes),
            num_activities=_own_count(adapter.activities, self.num_activities),
        )


def split_adapter(spec: str) -> tuple[str, Path | None]:
    """``SPEC#FILE.toml`` -> the spec and the adapter's file."""
    model, mark, file = spec.rpartition("#")
    return (model, Path(file)) if mark and model and file.endswith(".toml") else (spec, None)


def declared(spec: str, file: Path | None) -> Adapter:
    """The adapter named after the #, else the one beside the model's file, else one that changes nothing."""
    place = Path(spec.rpartition(":")[0] if ".py:" in spec else spec)
    path = file or (adapter_beside(place) if place.exists() else None)
    return Adapter() if path is None else read_adapter(path)


def adapted(loaded: LoadedModel, spec: str, given: Adapter, labels: LabelSpace) -> ExternalModel:
    """The network in the Model contract, with the dataset's labels.

    Raises:
        ModelError: an adapter that translates classes although nobody said what the dataset's are.
        UnknownNameError: a class that the dataset does not have; names the closest matches.
    """
    adapter = given.over(loaded.adapter)
    mappings: dict[str, ClassMapping] = {}
    if adapter.classes is not None:
        names = _known(labels.classes, "classes", spec)
        rest = _unmapped(adapter.unmapped, names)
        mappings["segmentation"] = _bound(spec, adapter.classes, rest, loaded.classes, names)
    if adapter.activities is not None:
        names = _known(labels.activities, "activities", spec)
        mappings["activity"] = _bound(spec, adapter.activities, None, (), names)
    digests = [loaded.sha256, None if adapter == Adapter() else adapter.digest()]
    known = " ".join(digest for digest in digests if digest)
    digest = hashlib.sha256(known.encode()).hexdigest() if known else None
    return ExternalModel(loaded.inner, spec, adapter, mappings, digest)


def _own_count(entries: Entries | None, wanted: int | None) -> int | None:
    if entries is None:
        return wanted
    return None if isinstance(entries, Mapping) else len(entries)


def _known(names: Sequence[str] | None, kind: str, spec: str) -> Sequence[str]:
    if not names:
        raise ModelError(
            f"Expected the names of the dataset's {kind} for the adapter of {spec!r}, got none: give "
            f"load_model(..., {kind}=data.{kind})."
        )
    return names


def _unmapped(choice: str, names: Sequence[str]) -> int | None:
    if choice == REFUSE:
        return None
    return 0 if choice == BACKGROUND and BACKGROUND not in names else index_of(choice, names)


def _bound(spec: str, entries: Entries, rest: int | None, own: Sequence[str], names: Sequence[str]) -> ClassMapping:
    mapping = bind(spec, entries, rest, own, names)
    never = [name for index, name in enumerate(names) if index != rest and index not in mapping.targets.values()]
    if never:
        warnings.warn(
            f"The adapter of {spec!r} gives no class of the model to {', '.join(never)}: they can never be predicted.",
            stacklevel=2,
        )
    return mapping
