"""What has to be evaluated to get the predictions for one frame of a run again."""

from __future__ import annotations

from robustbench_endo.evaluation.batch import Batch
from robustbench_endo.evaluation.loop import read_frames
from robustbench_endo.evaluation.plan import EvaluationPlan
from robustbench_endo.evaluation.workers import AdaptiveBatchSize


def batches_for(plan: EvaluationPlan, index: int) -> list[Batch]:
    """Batches on the device whose evaluation, in order, gives the predictions for a frame.

    Args:
        plan: of the run.
        index: of the frame in the data set.

    Returns:
        The frame as a batch of its own; where models adapt, the batches of its episode up to its own.
    """
    if plan.adaptation is None:
        return [batch.to(plan.device) for batch in read_frames(plan, [index])[0]]
    name, selected = plan.dataset.ids[index], list[Batch]()
    batch_size = AdaptiveBatchSize(plan.batch_size, fixed=True)
    for frames in read_frames(plan, next(chunk for chunk in plan.chunks if index in chunk))[0]:
        for positions in batch_size.split(len(frames), frames.pixels):
            selected.append(frames.select(positions).to(plan.device))
            if name in selected[-1].ids:
                return selected
    return selected
