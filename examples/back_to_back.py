"""A model and its ONNX int8 twin under noise, with the extra `onnx`: ``python examples/back_to_back.py``."""

from pathlib import Path
from typing import Any

from onnxruntime.quantization import quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

import robustbench_endo as rb
from robustbench_endo.models.export import export
from robustbench_endo.results.back_to_back import back_to_back

SIZE = (64, 80)
FOLDER = Path("runs/back_to_back")


class Frames:
    """Clean frames of the training split, from which the ranges of the activations follow; a CalibrationDataReader."""

    def __init__(self) -> None:
        data = rb.load_dataset("synthetic", split="train", frames=16, size=SIZE)
        self.batches = iter([{"images": data[i].image[None].float().div(255).numpy()} for i in range(len(data))])

    def get_next(self) -> dict[str, Any] | None:
        """The next frame; None after the last one."""
        return next(self.batches, None)


export(rb.load_model("tiny-resnet/mmoe", weights="pretrained"), FOLDER / "fp32.onnx", "onnx", SIZE)
quant_pre_process(FOLDER / "fp32.onnx", FOLDER / "prepared.onnx")
quantize_static(FOLDER / "prepared.onnx", FOLDER / "int8.onnx", Frames(), per_channel=True)

data = rb.load_dataset("synthetic", frames=18, size=SIZE)
models = {name: str(FOLDER / f"{name}.onnx") for name in ("fp32", "int8")}
results = rb.evaluate(models, data, "noise", (1, 3, 5), FOLDER / "run", save_predictions="all")
table = back_to_back(results, "fp32", "int8", "miou", margin=1)
columns = ["severity", "first", "second", "widening", "pixels_differ", "verdict"]
print(table.table[columns].round(2).to_string(index=False))
print(table.verdict)
