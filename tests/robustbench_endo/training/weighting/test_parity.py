"""Six steps of the toy, equal to the authors' methods as LibMTL has them, and to our own numbers on record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

PARITY = Path(__file__).parents[5] / "shared" / "parity" / "mtl_weighting.npz"
THEIRS = {
    "equal": ("EW", ""),
    "moco": ("MoCo", "MoCo_"),
    "aligned_mtl": ("Aligned_MTL", ""),
    "stch": ("STCH", "STCH_"),
    "db_mtl": ("DB_MTL", "DB_"),
}
GOLDEN = {
    "equal": [
        1.62875,
        1,
        1,
        0.76778,
        1,
        1,
        1.08421,
        -0.466464,
        -0.589178,
        0.249804,
        0.618207,
        -0.351091,
        0.209457,
        -0.813178,
        -0.234948,
    ],
    "moco": [
        1.58001,
        0.467903,
        1,
        0.74719,
        0.532097,
        1,
        1.07382,
        -0.596307,
        -0.472291,
        0.273382,
        0.620391,
        -0.37135,
        0.209424,
        -0.818643,
        -0.233126,
    ],
    "aligned_mtl": [
        1.65329,
        0.210317,
        1,
        0.795352,
        0.508333,
        1,
        1.09387,
        -0.333192,
        -0.744735,
        0.203221,
        0.617721,
        -0.310572,
        0.20976,
        -0.802438,
        -0.23578,
    ],
    "stch": [
        2.27397,
        1,
        0.423448,
        0.761965,
        1,
        1.36108,
        1.08717,
        -0.407103,
        -0.666799,
        0.547031,
        0.487254,
        -0.678055,
        0.204556,
        -0.77513,
        -0.280608,
    ],
    "db_mtl": [
        2.3527,
        1,
        0.425044,
        0.781636,
        1,
        1.27937,
        1.09024,
        -0.320648,
        -0.733154,
        0.53721,
        0.480263,
        -0.670707,
        0.205815,
        -0.771239,
        -0.274909,
    ],
}
"""After six steps: losses, weights and factors of both tasks, the sums of the rows of W, both heads."""
CLOSE = {"atol": 1e-5, "rtol": 0}


def test_six_steps_are_those_of_the_reference(toy, method):
    if not PARITY.is_file():
        pytest.skip("numbers of the reference implementation are not part of the repository: ../shared is absent")
    np = pytest.importorskip("numpy")
    theirs, prefix = THEIRS[method]
    recorded = {name: torch.from_numpy(value) for name, value in np.load(PARITY).items()}
    options = json.loads(PARITY.with_suffix(".json").read_text())[theirs]
    ours = toy(method, recorded, **{name.removeprefix(prefix): value for name, value in options.items()})

    def same(found, name, step):
        torch.testing.assert_close(
            torch.as_tensor(found), recorded[f"{theirs}.{name}"][step], **CLOSE, check_dtype=False
        )

    for step in range(6):
        log = ours.step(step)
        same([log["loss/a"], log["loss/b"]], "losses", step)
        same([log["weight/a"], log["weight/b"]], "weights", step)
        for name, parameter in (("shared", ours.shared), ("head_a", ours.head_a), ("head_b", ours.head_b)):
            same(parameter.grad, f"grad_{name}", step)
    torch.testing.assert_close(ours.shared.detach(), recorded[f"{theirs}.final_W"], **CLOSE)


def test_golden(toy, method):
    ours = toy(method, **({"warmup_epoch": 1} if method == "stch" else {}))
    log = [ours.step(step) for step in range(6)][-1]
    found = [*log.values(), *ours.shared.detach().sum(dim=1).tolist(), *ours.head_a.tolist(), *ours.head_b.tolist()]
    assert found == pytest.approx(GOLDEN[method], abs=1e-5)
