"""Tensors that report the device ``cuda:0`` and compute on the CPU, while everything that a GPU would do is recorded.

Code under test takes its GPU path, with real values, so that what depends on data (loops, numbers of pixels) is
faithful. Triton kernels are not run: their launch is recorded, and what they should have written is random numbers in
(0, 1) (floating) or 0.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import mock

import torch
from gpu_machine import Operation, Run
from operation_cost import base_name, cost, is_free, size
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_any, tree_map
from triton_launches import recorded_launches

if TYPE_CHECKING:
    from typing_extensions import Self

CUDA, CPU, META = torch.device("cuda", 0), torch.device("cpu"), torch.device("meta")
_WAITS = {
    "nonzero": 1,
    "masked_select": 1,
    "bincount": 2,
    "_unique2": 2,
    "unique_dim": 2,
    "equal": 1,
    "unique_consecutive": 2,
}
"""Synchronisations inside an operation, whose result has a size that depends on the data."""


class Stream:
    """A stream of the emulated GPU, or an event of one; only waiting for it counts."""

    cuda_stream = 0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        pass

    def synchronize(self) -> None:
        """Wait on the host."""
        for recorder in Recorder.active[-1:]:
            recorder.launch(Operation("sync", "synchronize"))

    def record_event(self, event: Any = None) -> Stream:
        """An event after everything so far."""
        return self

    def nothing(self, *arguments: Any, **options: Any) -> None:
        """Order on the device, which costs next to nothing."""

    wait_event = wait_stream = record = wait = nothing

    def query(self) -> bool:
        """All work is done."""
        return True


class Emulated(Tensor):
    """A tensor on the emulated GPU; ``inner`` has its values, or only its shape and type (device ``meta``).

    Attributes:
        created: called with every new tensor.
    """

    inner: Tensor
    created: ClassVar[Callable[[Emulated], None]] = staticmethod(lambda tensor: None)

    @staticmethod
    def __new__(cls, inner: Tensor) -> Emulated:
        """Wrap a tensor of the CPU."""
        with torch.inference_mode(False):  # of whose tensors a wrapper cannot be a view
            wrapped: Emulated = Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
                cls, inner.size(), strides=inner.stride(), storage_offset=inner.storage_offset(), dtype=inner.dtype,
                device=CUDA,
            )  # fmt: skip
        wrapped.inner = inner
        cls.created(wrapped)
        return wrapped

    def data_ptr(self) -> int:
        """The address of the values."""
        return self.inner.data_ptr()

    def tolist(self) -> Any:
        """By a copy to the host."""
        return self.cpu().tolist()

    def untyped_storage(self) -> torch.UntypedStorage:
        """The storage of the values."""
        return self.inner.untyped_storage()

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Outside :class:`Recorder`: the same, not recorded."""
        with Recorder():
            return func(*args, **(kwargs or {}))


class Recorder(TorchDispatchMode):
    """Runs operations of emulated tensors on the CPU and records them.

    Args:
        memory: of the values: ``cpu``, or ``meta`` for shapes and types only.

    Attributes:
        phases: name -> what happened in it; ``phase`` is the name of the present one.
        active: those that are entered.
    """

    active: ClassVar[list[Recorder]] = []

    def __init__(self, memory: torch.device = CPU) -> None:
        super().__init__()
        self.memory = memory
        self.phase = ""
        self.phases: dict[str, Run] = {}
        self.pinned: list[Tensor] = []

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """False: skipping imports the compiler, which takes seconds, and nothing is compiled here."""
        return False

    def __enter__(self) -> Self:
        """Record from now on."""
        self.active.append(self)
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        """Record no more."""
        self.active.remove(self)
        super().__exit__(*error)

    @property
    def run(self) -> Run:
        """Of the present phase."""
        return self.phases.setdefault(self.phase, Run())

    @contextmanager
    def time(self, phase: str) -> Iterator[None]:
        """Record what follows as another phase."""
        before, self.phase = self.phase, phase
        yield
        self.phase = before

    def launch(self, operation: Operation) -> None:
        """Record a launch of Triton."""
        self.run.operations.append(operation)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """One operation."""
        return self._dispatch(func, args, dict(kwargs or {}))

    def _dispatch(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        name = base_name(func)
        source = tree_any(lambda item: isinstance(item, Emulated), (args, kwargs))
        target = torch.device(kwargs["device"]) if kwargs.get("device") is not None else None
        if name == "_pin_memory":
            self.pinned.append(args[0].clone())
            return self.pinned[-1]
        if kwargs.get("pin_memory") and (target is None or target.type == "cpu"):
            self.pinned.append(func(*args, **{**kwargs, "pin_memory": False}))
            return self.pinned[-1]
        if name == "is_pinned":
            return any(args[0] is item for item in self.pinned)
        if not source and (target is None or target.type in ("cpu", "meta")):
            return func(*args, **kwargs)
        on_gpu = source if target is None else target.type != "cpu"
        if name == "_local_scalar_dense":
            self.run.operations.append(Operation("sync", "item", 8))
            return func(args[0].inner)
        inner_args, inner_kwargs = tree_map(_inner, args), {k: _inner(v) for k, v in kwargs.items()}
        if target is not None:
            inner_kwargs["device"] = self.memory if on_gpu else CPU
        if inner_kwargs.pop("pin_memory", None):
            inner_kwargs["pin_memory"] = False
        with torch.no_grad():
            values = func(*inner_args, **inner_kwargs)
        copied = self._copied(name, args, kwargs, source, on_gpu)
        if name.startswith(("empty", "new_empty")):
            values = _unwritten(values)
        elif not copied and not is_free(func):
            self._record(func, name, inner_args, inner_kwargs, values)
        return _outer(func, args, kwargs, values, on_gpu)

    def _copied(self, name: str, args: Any, kwargs: Any, source: bool, on_gpu: bool) -> bool:
        """Record a copy between host and GPU, if this is one."""
        if name == "_to_copy" and source != on_gpu:
            tensor, to_gpu = args[0], on_gpu
        elif name == "copy_" and isinstance(args[0], Emulated) != isinstance(args[1], Emulated) and args[1].ndim:
            tensor, to_gpu = args[1], isinstance(args[0], Emulated)
        else:
            return False
        waits = not (kwargs.get("non_blocking") or (len(args) > 2 and args[2]))  # asks for pinned memory, too
        kind = ("upload" if to_gpu else "sync") if waits else "copy"
        self.run.operations.append(Operation(kind, "copy", float(size(tensor))))
        return True

    def _record(self, func: Any, name: str, args: Any, kwargs: Any, values: Any) -> None:
        operation = cost(func, args, kwargs, values)
        self.run.operations.append(operation)
        waits = _WAITS.get(name, 0)
        if name in ("index", "index_put_", "index_put", "_index_put_impl_"):
            masks = [item for item in args[1] if item is not None and item.dtype in (torch.bool, torch.uint8)]
            for mask in masks:  # is made a list of positions first
                self.run.operations.append(Operation("torch", "nonzero", 2.0 * size(mask)))
            waits += len(masks)
        self.run.operations += [Operation("sync", "size", 8)] * waits


def _inner(item: Any) -> Any:
    return item.inner if isinstance(item, Emulated) else item


def _outer(func: Any, args: Any, kwargs: Any, values: Any, on_gpu: bool) -> Any:
    """Results as tensors of the emulated GPU; what is changed in place is returned itself."""
    aliases = [item.alias_info for item in func._schema.returns]
    if any(alias is not None and alias.is_write for alias in aliases):
        out = kwargs.get("out")
        return out if out is not None else args[0]
    return tree_map(lambda item: Emulated(item) if on_gpu and isinstance(item, Tensor) else item, values)


def _unwritten(values: Tensor) -> Tensor:
    """What a Triton kernel will have written."""
    if values.device.type == "meta":
        return values
    return values.uniform_(0, 1) if values.dtype in (torch.float32, torch.float64) else values.zero_()


def to_gpu(tensor: Tensor) -> Tensor:
    """A tensor on the emulated GPU, not recorded."""
    return Emulated(tensor)


def record(call: Callable[[], Any]) -> Run:
    """What a call does on the emulated GPU."""

    def phase(recorder: Recorder) -> None:
        with recorder.time("all"):
            call()

    return record_phases(phase)["all"]


def record_phases(call: Callable[[Recorder], Any], memory: torch.device = CPU) -> dict[str, Run]:
    """What a call does in each phase, see :meth:`Recorder.time`."""
    recorder = Recorder(memory)
    with recorded_launches(recorder.launch, _inner), recorder, counted_hashes(recorder):
        call(recorder)
    return recorder.phases


@contextmanager
def counted_hashes(recorder: Recorder) -> Iterator[None]:
    """Record the bytes that the calling thread hashes with SHA-256: the slowest work of an evaluation on the host."""
    original, thread = hashlib.sha256, threading.get_ident()

    def counting(data: bytes = b"", **options: Any) -> Any:
        inner = original(data, **options)

        def update(more: bytes) -> None:
            inner.update(more)
            if threading.get_ident() == thread:
                recorder.launch(Operation("host", "hash", memoryview(more).nbytes))

        return mock.Mock(wraps=inner, update=update)

    with mock.patch.object(hashlib, "sha256", counting):
        yield


@contextmanager
def emulated_gpu(triton: bool = True) -> Iterator[None]:
    """torch reports a GPU, whose streams and events do nothing; Triton works on it, or does not."""
    stream = Stream()
    replaced: dict[str, Any] = {
        "_lazy_init": lambda: None,
        "is_available": lambda: True,
        "is_bf16_supported": lambda **options: True,
        "device_count": lambda: 1,
        "current_device": lambda: 0,
        "get_device_name": lambda device=None: "emulated",
        "get_device_capability": lambda device=None: (9, 0),
        "current_stream": lambda device=None: stream,
        "default_stream": lambda device=None: stream,
        "Stream": Stream,
        "Event": Stream,
        "set_device": lambda device: None,
        "stream": lambda stream: nullcontext(),
        "device": lambda device: nullcontext(),
        "synchronize": lambda device=None: stream.synchronize(),
        "empty_cache": lambda: None,
    }
    lift = torch._C._only_lift_cpu_tensors()
    if not torch.cuda.is_available():
        torch._C._ensureCUDADeviceGuardSet()  # type: ignore[attr-defined]  # selecting a device then does nothing
    with ExitStack() as stack:
        for name, value in replaced.items():
            stack.enter_context(mock.patch.object(torch.cuda, name, value))
        for module in [module for name, module in sys.modules.items() if name.startswith("robustbench_endo.")]:
            for name in ("use_triton", "fused"):
                if callable(getattr(module, name, None)) and not isinstance(getattr(module, name), type):
                    stack.enter_context(
                        mock.patch.object(module, name, lambda device: triton and device.type == "cuda")
                    )
            if hasattr(module, "triton_failure"):
                stack.enter_context(mock.patch.object(module, "triton_failure", return_value=None if triton else "off"))
        torch._C._set_only_lift_cpu_tensors(True)  # type: ignore[attr-defined]
        try:
            with torch.no_grad():
                yield
        finally:
            torch._C._set_only_lift_cpu_tensors(lift)  # type: ignore[attr-defined]
