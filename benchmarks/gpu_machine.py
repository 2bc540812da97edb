"""An H100 SXM as a few constants, and what an operation or a Triton kernel would take on it: assumed, not measured.

Sources: copy bandwidth of 3.0 TB/s was measured on such a card, of which long kernels sustain about 2.5; arithmetic
rates are those of NVIDIA's data sheet with an allowance (fp32 67, fp64 34, bf16 tensor cores 989 TFLOP/s); launch and
synchronisation costs are typical of PyTorch 2 and Triton 3 on a server. Times from them are right to a factor of
1.5 to 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

BANDWIDTH = 2.5e12
"""Bytes per second of kernels that stream through the memory."""
FP32, FP64, BF16 = 48e12, 30e12, 500e12
"""FLOP per second of large kernels; matrix products in bf16 by the tensor cores."""
MODEL_SHARE = 0.6
"""Share of ``BF16`` that the matrix products of the models reach: their sides are 768 to 3072."""
TORCH_LAUNCH, TRITON_LAUNCH, WAIT = 6e-6, 14e-6, 15e-6
"""Seconds of the host of a launch by torch, of one by Triton, and of a pageable upload or a synchronisation."""
SHORTEST = 2.5e-6
"""Seconds of the GPU for the smallest kernel, with the gap to the next one."""
PREPARE = 20e-6
"""Seconds of numpy on the host before an upload: arrays of a few kilobytes, such as weights of a resampling."""
AFTER = 50e-6
"""Seconds of numpy and Python on the host after a synchronisation: tables of a number for each frame and class."""
HASH = 1.75e9
"""Bytes per second of SHA-256 on one core: 0.58 ms were measured for a frame of 1.02 MB."""
PAGEABLE, PINNED = 6e9, 40e9
"""Bytes per second between the memories of host and GPU."""
COMPILE = 1.0
"""Seconds to compile a variant of a Triton kernel, one at a time."""
TRUST = "estimate, not measured: from counted launches, bytes, FLOP and synchronisations; right to a factor of 1.5-2"


@dataclass(frozen=True)
class Operation:
    """What was launched, copied or waited for.

    Attributes:
        kind: ``torch``, ``triton``, ``upload`` (waits if pageable), ``sync`` (with a copy to the host) or ``copy``
            (an asynchronous one to or from pinned memory), ``host`` (hashed bytes).
        name: of the operation or kernel.
        moved: bytes of the GPU's memory, or between host and GPU.
        flop: at ``rate`` per second.
        variant: of a Triton kernel: each is compiled once.
        work: of a Triton kernel: seconds of all programs in the arithmetic units and caches, and of one program.
    """

    kind: str
    name: str
    moved: float = 0.0
    flop: float = 0.0
    rate: float = FP32
    variant: str = ""
    work: tuple[float, float] = (0.0, 0.0)

    @property
    def gpu_s(self) -> float:
        """Seconds of the GPU; it idles during copies."""
        if self.kind == "host":
            return 0.0
        if self.kind in ("upload", "sync"):
            return self.moved / PAGEABLE
        if self.kind == "copy":
            return self.moved / PINNED
        return max(SHORTEST, self.moved / BANDWIDTH, self.flop / self.rate, *self.work)

    @property
    def host_s(self) -> float:
        """Seconds of the host."""
        if self.kind in ("upload", "sync"):
            return WAIT + self.moved / PAGEABLE + (PREPARE if self.kind == "upload" else AFTER)
        if self.kind == "host":
            return self.moved / HASH
        return TRITON_LAUNCH if self.kind == "triton" else TORCH_LAUNCH

    @property
    def python_s(self) -> float:
        """Seconds of the host in which no other thread can run Python."""
        if self.kind == "host":
            return 0.0
        return PREPARE if self.kind == "upload" else AFTER if self.kind == "sync" else self.host_s


@dataclass
class Run:
    """Operations in order."""

    operations: list[Operation] = field(default_factory=list)

    def count(self, *kinds: str) -> int:
        """The number of operations of some kinds."""
        return sum(item.kind in kinds for item in self.operations)

    @property
    def gpu_ms(self) -> float:
        """Milliseconds of the GPU."""
        return 1e3 * sum(item.gpu_s for item in self.operations)

    @property
    def host_ms(self) -> float:
        """Milliseconds of the host."""
        return 1e3 * sum(item.host_s for item in self.operations)

    @property
    def busy_ms(self) -> float:
        """Milliseconds in which the GPU computes."""
        return 1e3 * sum(item.gpu_s for item in self.operations if item.kind in ("torch", "triton"))

    @property
    def ms(self) -> float:
        """Milliseconds until the result is there: host and GPU work at the same time but for about a tenth."""
        return max(self.gpu_ms, self.host_ms) + 0.1 * min(self.gpu_ms, self.host_ms)

    def row(self) -> dict[str, float]:
        """For the result file."""
        on_gpu = [item for item in self.operations if item.kind in ("torch", "triton")]
        return {
            "launches": len(on_gpu),
            "triton": self.count("triton"),
            "uploads": self.count("upload"),
            "syncs": self.count("sync"),
            "gb": round(sum(item.moved for item in on_gpu) / 1e9, 3),
            "gflop": round(sum(item.flop for item in on_gpu) / 1e9, 1),
            "copied_mb": round(
                sum(item.moved for item in self.operations if item.kind in ("upload", "sync", "copy")) / 1e6, 2
            ),
            "host_ms": round(self.host_ms, 3),
            "gpu_ms": round(self.gpu_ms, 3),
            "ms": round(self.ms, 3),
        }


def for_batch(small: Run, large: Run, sizes: tuple[int, int], batch: int) -> Run:
    """The run for ``batch`` frames, from those for two smaller numbers of frames: everything grows linearly.

    Where both launch the same sequence, each operation is extrapolated by itself, because short kernels take the same
    time whatever their size. Otherwise operations of one name are, together.
    """
    factor = (batch - sizes[0]) / (sizes[1] - sizes[0])

    def at(first: float, second: float) -> float:
        return max(0.0, first + factor * (second - first))

    if [item.name for item in small.operations] == [item.name for item in large.operations]:
        pairs = zip(small.operations, large.operations, strict=True)
        operations = [
            _scaled(b, *(at(*amounts) for amounts in zip(_amounts([a]), _amounts([b]), strict=True))) for a, b in pairs
        ]
    else:
        operations = []
        for key in dict.fromkeys((item.kind, item.name) for item in large.operations):
            a, b = ([item for item in run.operations if (item.kind, item.name) == key] for run in (small, large))
            count = max(1, round(at(len(a), len(b))))
            total = [at(*amounts) / count for amounts in zip(_amounts(a), _amounts(b), strict=True)]
            operations += [_scaled(b[0], *total)] * count
    return Run(operations)


def _amounts(items: Sequence[Operation]) -> tuple[float, ...]:
    """What grows with the number of frames."""
    return (
        sum(item.moved for item in items),
        sum(item.flop for item in items),
        sum(item.work[0] for item in items),
    )


def _scaled(item: Operation, moved: float, flop: float, work: float) -> Operation:
    return replace(item, moved=moved, flop=flop, work=(work, item.work[1]))
