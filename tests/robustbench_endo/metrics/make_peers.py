"""Write peers.npz: scores of other packages on the label maps of peer_maps.py.

Run it where they are installed: python tests/robustbench_endo/metrics/make_peers.py
(recorded with MONAI 1.6.1, torchmetrics 1.9.0, surface-distance 0.1, scikit-image 0.26.0)
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from peer_maps import COUNT, pair
from peers import PEERS, scores

RECORD = Path(__file__).with_name("peers.npz")


def main() -> None:
    """Score every pair with every package; arrays ``<package>/<score>``, float32 (pairs, classes)."""
    table: dict[str, list[list[float]]] = {}
    for index in range(COUNT):
        for name in PEERS:
            for score, values in scores(name, *pair(index)).items():
                table.setdefault(f"{name}/{score}", []).append(values)
    np.savez_compressed(RECORD, **{name: np.array(rows, np.float32) for name, rows in table.items()})


if __name__ == "__main__":
    main()
