"""Summaries of models: parameters, cost and outputs; zoo models are not allocated for it."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from robustbench_endo.errors import ModelError
from robustbench_endo.models.assemble import io_spec_file, load_io_spec, split_io_spec
from robustbench_endo.models.backbones import PREFIX
from robustbench_endo.models.backbones.timm_networks import licence_of
from robustbench_endo.models.checkpoint import SHIPPED, folder_of, read_card
from robustbench_endo.models.external.class_mapping import Entries
from robustbench_endo.models.external.hf import is_huggingface_folder
from robustbench_endo.models.external.io_spec import BACKGROUND, REFUSE
from robustbench_endo.models.labels import counts_of
from robustbench_endo.models.loading import load_model
from robustbench_endo.models.zoo import ZOO, build, is_zoo_spec
from robustbench_endo.tasks.registry import get_task


@dataclass(frozen=True)
class Cost:
    """Of one frame.

    Attributes:
        gmacs: 10^9 multiply-adds in convolutions, matrix products and attention; None where the network hides them.
        peak_mib: parameters, buffers and the activations that are alive at once, in MiB; an estimate: no workspace of
            the device's libraries, no fragmentation.
        outputs: task -> number of logits.
    """

    gmacs: float | None
    peak_mib: float
    outputs: Mapping[str, int]


def cost_of(model: nn.Module, size: tuple[int, int], device: torch.device | str = "cpu") -> Cost:
    """Cost of one frame of ``size`` (height, width); on the device ``meta`` nothing is computed or allocated."""
    images = torch.rand(1, 3, *size, device=device)
    meter = Meter()
    with torch.no_grad(), meter:
        logits = model(images)
    outputs = {task: tensor.shape[1] for task, tensor in logits.items()}
    return Cost(meter.macs / 1e9 or None, (_bytes(model) + meter.peak) / 2**20, outputs)


class Meter(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's base class
    """Count with torch's table of operators, and follow storages until their last tensor is freed.

    Attributes:
        macs: multiply-adds so far.
        peak: bytes alive at once, at most.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.macs = 0.0
        self.peak = 0
        self._alive = 0
        self._users: Counter[int] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operator and count it; views share the storage of their base."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            self.macs += count(*args, **kwargs, out_val=result) / 2
        for tensor in _tensors(result):
            self._follow(tensor, (args, kwargs))
        self.peak = max(self.peak, self._alive)
        return result

    def _follow(self, tensor: Tensor, arguments: Any) -> None:
        key, size = _storage(tensor), tensor.untyped_storage().nbytes()
        if key not in self._users:
            if any(_storage(other) == key for other in _tensors(arguments)):
                return  # a view of a parameter or of the input
            self._alive += size
        self._users[key] += 1
        weakref.finalize(tensor, self._freed, key, size)

    def _freed(self, key: int, size: int) -> None:
        self._users[key] -= 1
        if not self._users[key]:
            del self._users[key]
            self._alive -= size


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _tensors(values: Any) -> Iterator[Tensor]:
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, Mapping):
        for value in values.values():
            yield from _tensors(value)
    elif isinstance(values, (tuple, list)):
        for value in values:
            yield from _tensors(value)


def _bytes(model: nn.Module) -> int:
    return sum(tensor.nbytes for tensor in [*model.parameters(), *model.buffers()])


NONE_SHIPPED = "none shipped"

YOURS = "yours"

OURS = "shipped: Apache-2.0"

LICENCES: Mapping[str, str] = {
    "resnet101": "timm's trunk: Apache-2.0",
    "dinov2": "Meta's trunk: Apache-2.0",
    "dinov3": "Meta's trunk: DINOv3 License",
    "endoarss/official": "authors' release: no licence stated",
    "endoarss": "Meta's trunk: Apache-2.0",
}
"""Entry or backbone -> licence of the weights that exist for it; heads and adapters are always trained."""

SURGENET = ("timm:caformer_s18", "timm:convnextv2_tiny", "timm:pvt_v2_b2")
"""Backbones of the trunks that SurgeNet publishes as files."""

SURGENET_LICENCE = "CC BY-NC-SA 4.0, no commercial use"

ANY_SIZE = (512, 640)
"""Height and width of the frame at which a model without an input size is measured."""

UNMEASURABLE = (RuntimeError, NotImplementedError, TypeError, ValueError, AttributeError, LookupError)


@dataclass(frozen=True)
class Description:
    """A row of ``robust-endo models``.

    Attributes:
        parameters, trainable: number of parameters, and of those that training changes; 0 for a network that is no
            ``nn.Module``, such as an ONNX session.
        input_size: height and width that frames are resized to; None = any.
        measured_size: height and width of the frame that ``gmacs`` and ``peak_mib`` are for.
        gmacs, peak_mib: see :class:`.summary.Cost`; None where they cannot be measured.
        outputs: task -> number of logits.
        weights: licence of the weights that exist for it.
    """

    name: str
    parameters: int
    trainable: int
    input_size: tuple[int, int] | None
    measured_size: tuple[int, int]
    gmacs: float | None
    peak_mib: float | None
    outputs: Mapping[str, int]
    weights: str


def describe_model(spec: str) -> Description:
    """Describe a zoo entry on the device ``meta``, anything else by loading and running it once.

    Raises:
        RobustEndoError: a name, file or factory that cannot be loaded, or that fails on a frame.
    """
    if spec in ZOO:
        with torch.device("meta"):
            model = build(spec, labels=_example_counts()).eval()
        return _summarise(model, spec, "meta")
    return _summarise(_load(spec), spec, "cpu")


def _load(spec: str) -> nn.Module:
    """Without data, a checkpoint has its own labels, an adapter those that it names, else the example counts."""
    if Path(spec).is_dir() and not is_huggingface_folder(Path(spec)):
        return load_model(spec)
    io_spec = load_io_spec(io_spec_file(*split_io_spec(spec)))
    names = {
        task: _label_names(entries, io_spec.unmapped if get_task(task).has_label_map else REFUSE)
        for task, entries in io_spec.labels.items()
    }
    return load_model(spec, labels={**_example_counts(), **names})


def _example_counts() -> dict[str, int]:
    """Numbers of labels that the zoo's entries are described with: those of the shipped checkpoints."""
    return counts_of(read_card(folder_of(SHIPPED[0])).labels)


def _label_names(entries: Entries, unmapped: str) -> list[str]:
    """The labels that an adapter names, in the order of its entries."""
    names = entries.values() if isinstance(entries, Mapping) else entries
    return list(dict.fromkeys([*names, *([] if unmapped in (REFUSE, BACKGROUND) else [unmapped])]))


def licence(spec: str) -> str:
    """Licence of the weights that exist for ``spec``.

    >>> licence("tiny-resnet/mmoe")
    'shipped: Apache-2.0'
    """
    if not is_zoo_spec(spec):
        return YOURS
    if spec in SHIPPED:
        return OURS
    backbone = spec.partition("@")[0].rpartition("/")[0]
    if not backbone.startswith(PREFIX):
        return LICENCES.get(spec, LICENCES.get(backbone, NONE_SHIPPED))
    text = f"timm's trunk: {licence_of(backbone.removeprefix(PREFIX))}"
    return f"{text}; SurgeNet's: {SURGENET_LICENCE}" if backbone in SURGENET else text


def _summarise(model: nn.Module, spec: str, device: str) -> Description:
    size: tuple[int, int] | None = getattr(model, "input_size", None)
    measured = size or ANY_SIZE
    numbers = [parameter.numel() for parameter in model.parameters()]
    trained = [parameter.numel() for parameter in model.parameters() if parameter.requires_grad]
    cost = _cost(model, spec, measured, device)
    peak = cost.peak_mib if cost.gmacs or numbers else None  # a session of another library hides its memory
    return Description(spec, sum(numbers), sum(trained), size, measured, cost.gmacs, peak, cost.outputs, licence(spec))


def _cost(model: nn.Module, spec: str, size: tuple[int, int], device: str) -> Cost:
    try:
        return cost_of(model, size, device)
    except ModelError:
        raise
    except UNMEASURABLE as error:
        raise ModelError(
            f"Cannot run the model {spec!r} on a float frame (1, 3, {size[0]}, {size[1]}) in [0, 1]: "
            f"{type(error).__name__}: {error}. Give it an input_size in an adapter."
        ) from error
