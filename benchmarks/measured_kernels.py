"""Each use of Triton against plain torch, in the corruptions and metrics that call it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from types import ModuleType
from typing import Any
from unittest import mock

import torch
from label_maps import scene
from measured_corruptions import SIDE, scenes
from measured_metrics import SIZE, calls
from measured_setting import Save, Setting, as_on_a_gpu, modules

from robustbench_endo.corruptions import load_suite

LEAST = 1.5
"""Plain torch over Triton, in the fastest-growing call: a kernel that gains less is to be deleted."""


def measure(setting: Setting, save: Save) -> None:
    """For each module that asks whether to use Triton: milliseconds of the calls that reach it, with and without.

    The ratio is that of the complete calls: a kernel that is fast where nothing depends on it gains nothing.
    """
    result: dict[str, Any] = {"least": LEAST, "rows": {}}
    with as_on_a_gpu(setting.device), torch.inference_mode():
        every = everything(setting)
        reached: dict[str, list[str]] = defaultdict(list)
        for name, call in every.items():
            for module in modules_reached(call):
                reached[module].append(name)
        times: dict[str, float] = {}
        for module, names in sorted(reached.items()):
            for name in names:
                times[name] = times.get(name) or setting.milliseconds(every[name])
            with without_triton(module):
                others = everything(setting)  # what is prepared for a call may depend on Triton
                plain = {name: setting.milliseconds(others[name], 3) for name in names}
            ratios = {name: plain[name] / times[name] for name in names}
            result["rows"][module.removeprefix("robustbench_endo.")] = {
                "ratio": max(ratios.values()),
                "calls": {
                    name: {"triton_ms": times[name], "plain_ms": plain[name], "ratio": ratio}
                    for name, ratio in ratios.items()
                },
            }
            result["delete"] = [name for name, row in result["rows"].items() if row["ratio"] < LEAST]
            save(result)
    save(result)


def everything(setting: Setting) -> dict[str, Callable[[], Any]]:
    """The corruptions at severity 3 and the metrics, by name."""
    suite, side = load_suite("endo19"), setting.of(SIDE, 48)
    batch = scenes((side, side), 1).expand(setting.batch, -1, -1, -1).contiguous().to(setting.device)
    ids = [str(i) for i in range(len(batch))]
    corruptions: dict[str, Callable[[], Any]] = {
        name: (lambda name=name: suite.corrupt(batch, name, 3, ids).images)
        for name in suite.names[: setting.of(None, 2)]
    }
    return corruptions | calls(setting, _maps(setting.of(SIZE, (48, 64))))


_maps = lru_cache(maxsize=1)(scene)


def sites() -> list[ModuleType]:
    """The modules that ask whether to use Triton."""
    named = [module for module in modules() if callable(getattr(module, "use_triton", None))]
    return [module for module in named if not module.__name__.endswith("triton_support")]


def modules_reached(call: Callable[[], Any]) -> list[str]:
    """The names of the modules that ask whether to use Triton during a call."""
    names: list[str] = []

    def recorded(module: ModuleType) -> Callable[[torch.device], bool]:
        original = module.use_triton

        def use_triton(device: torch.device) -> bool:
            names.append(module.__name__)
            return bool(original(device))

        return use_triton

    with ExitStack() as stack:
        for module in sites():
            stack.enter_context(mock.patch.object(module, "use_triton", recorded(module)))
        call()
    return list(dict.fromkeys(names))


@contextmanager
def without_triton(name: str) -> Iterator[None]:
    """Let one module use plain torch."""
    (module,) = [module for module in sites() if module.__name__ == name]
    with mock.patch.object(module, "use_triton", return_value=False):
        yield
