"""What each number is: label, unit, direction. Tables, figures and comparisons read it here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MetricInfo:
    """A scored quantity of one condition.

    Attributes:
        name: its column in :meth:`Results.scores`.
        label: what a reader sees.
        unit: "%", "px", "% of diagonal", "dB" or "".
        higher_is_better: direction; None for a description of the picture, which is neither.
        scale: factor from the stored value (a share) to the unit (100 for %).
        description: its definition in one sentence.
    """

    name: str
    label: str
    unit: str
    higher_is_better: bool | None
    scale: float
    description: str


_ALL = (
    MetricInfo("accuracy", "Activity accuracy", "%", True, 100, "Share of frames with the right activity."),
    MetricInfo(
        "balanced_accuracy",
        "Balanced accuracy",
        "%",
        True,
        100,
        "Recall of each activity that occurs, averaged over activities.",
    ),
    MetricInfo(
        "macro_f1",
        "Macro F1",
        "%",
        True,
        100,
        "F1 of each activity that occurs or is predicted, averaged over activities.",
    ),
    MetricInfo(
        "ece",
        "Calibration error",
        "%",
        False,
        100,
        "Expected calibration error of the activity confidence, 15 bins of equal width.",
    ),
    MetricInfo(
        "brier",
        "Brier score",
        "",
        False,
        1,
        "Squared distance of the activity probabilities from the truth, summed over activities, averaged over frames: "
        "0 (sure and right) to 2 (sure and wrong).",
    ),
    MetricInfo(
        "miou",
        "mIoU",
        "%",
        True,
        100,
        "Intersection over union from pixel counts summed over all frames, averaged over classes, background "
        "included; a class absent from every prediction and mask is left out.",
    ),
    MetricInfo("dice", "Dice", "%", True, 100, "Dice coefficient, from the same summed counts as mIoU."),
    MetricInfo(
        "miou_image",
        "mIoU per frame",
        "%",
        True,
        100,
        "mIoU of each frame over the classes present in it, averaged over frames.",
    ),
    MetricInfo("dice_image", "Dice per frame", "%", True, 100, "Dice of each frame, averaged over frames."),
    MetricInfo(
        "hd",
        "Hausdorff distance",
        "px",
        False,
        1,
        "Largest distance between the boundaries of prediction and mask, per foreground class present, averaged; "
        "the image diagonal when only one of the two has the class.",
    ),
    MetricInfo(
        "hd95",
        "HD95",
        "px",
        False,
        1,
        "As the Hausdorff distance, but the 95th percentile instead of the maximum.",
    ),
    MetricInfo(
        "assd",
        "Average surface distance",
        "px",
        False,
        1,
        "Mean distance from each boundary pixel to the other boundary, both directions together.",
    ),
    MetricInfo(
        "hd_diagonal",
        "Hausdorff distance",
        "% of diagonal",
        False,
        100,
        "Hausdorff distance over image diagonal.",
    ),
    MetricInfo(
        "nsd",
        "Surface Dice",
        "%",
        True,
        100,
        "Share of both boundaries that lies within 2 px of the other one (normalised surface Dice).",
    ),
    MetricInfo(
        "ssim",
        "Mask SSIM",
        "%",
        True,
        100,
        "Structural similarity of predicted and true one-hot masks, averaged over the classes present.",
    ),
    MetricInfo(
        "missed_rate",
        "Missed classes",
        "%",
        False,
        100,
        "Share of foreground classes in prediction or mask that the other lacks.",
    ),
    MetricInfo(
        "segmentation_ece",
        "Mask calibration error",
        "%",
        False,
        100,
        "Expected calibration error of the pixels' confidence, from a fixed sample of each frame's pixels, 15 bins.",
    ),
    MetricInfo(
        "image_ssim",
        "Image SSIM",
        "%",
        None,
        100,
        "Structural similarity of corrupted and clean frame: the measured dose.",
    ),
    MetricInfo("image_psnr", "Image PSNR", "dB", None, 1, "Peak signal-to-noise ratio of corrupted and clean frame."),
    MetricInfo(
        "segmentation_failed",
        "Mask failures",
        "%",
        False,
        100,
        "Share of frames whose Dice is below the threshold; a frame without an answer has failed.",
    ),
    MetricInfo(
        "segmentation_silent",
        "Silent mask failures",
        "%",
        False,
        100,
        "Share of frames whose Dice is below the threshold while the model's confidence is above its own 10th "
        "percentile on clean frames.",
    ),
    MetricInfo(
        "activity_failed",
        "Activity failures",
        "%",
        False,
        100,
        "Share of frames with the wrong activity; a frame without an answer has failed.",
    ),
    MetricInfo(
        "activity_silent",
        "Silent activity failures",
        "%",
        False,
        100,
        "Share of frames with the wrong activity while the model's confidence is above its own 10th percentile on "
        "clean frames.",
    ),
    MetricInfo(
        "endoarss_accuracy",
        "Accuracy (EndoARSS)",
        "%",
        True,
        100,
        "The paper's accuracy: precision of each activity, averaged over all activities; one never said counts as 0.",
    ),
    MetricInfo(
        "endoarss_f1",
        "F1 (EndoARSS)",
        "%",
        True,
        100,
        "F1 of each activity, averaged over all activities; an absent one counts as 0.",
    ),
    MetricInfo(
        "endoarss_miou",
        "mIoU (EndoARSS)",
        "%",
        True,
        100,
        "As mIoU, but a class that occurs nowhere counts as 0.",
    ),
    MetricInfo(
        "endoarss_dice",
        "Dice (EndoARSS)",
        "%",
        True,
        100,
        "As Dice, but a class that occurs nowhere counts as 0.",
    ),
    MetricInfo(
        "endoarss_hd",
        "Hausdorff (EndoARSS)",
        "",
        False,
        1,
        "The paper's Hausdorff distance, between image rows as points of class indices: no distance of contours.",
    ),
    MetricInfo(
        "endoarss_ssim",
        "SSIM (EndoARSS)",
        "%",
        True,
        100,
        "Structural similarity of the label maps as pictures; a prediction of one class is left out.",
    ),
)

METRICS: dict[str, MetricInfo] = {quantity.name: quantity for quantity in _ALL}
