"""The scope's surround: how often a frame without one gets one, and by how much corruptions change a real one."""

from __future__ import annotations

from typing import Any

import numpy as np
from realism_frames import Frames

from robustbench_endo.corruptions import CORRUPTIONS, corrupt
from robustbench_endo.corruptions.content_area import detect_content_area

SEVERITY = 5


def borderless_frames(frames: Frames) -> dict[str, Any]:
    """Frames without a surround for which a content area is detected, which then lose a part of the scene."""
    names, count = [], 0
    for name, frame in frames:
        count += 1
        if detect_content_area(frame) is not None:
            names.append(name)
    return {"frames": count, "with_area": len(names), "names": names}


def surround_changes(frames: Frames) -> dict[str, Any]:
    """The largest change of a pixel of the surround per corruption, in 8-bit levels, at severity 5."""
    changes = {corruption.name: 0 for corruption in CORRUPTIONS}
    used = []
    for name, frame in frames:
        area = detect_content_area(frame)
        if area is None:
            continue
        used.append(name)
        surround = area.mask().numpy() == 0
        for corruption in changes:
            result = corrupt(frame, corruption, SEVERITY, ids=name)
            change = np.abs(result[surround].astype(int) - frame[surround])
            changes[corruption] = max(changes[corruption], int(change.max()))
    return {"frames": used, "severity": SEVERITY, "largest_change": changes}
