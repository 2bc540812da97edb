"""Log a run to TensorBoard, and write its scores as files: ``python examples/track_a_run.py``."""

import json

import pandas as pd

import robustbench_endo as rb

data = rb.load_dataset("synthetic", split="test", frames=2)
model = rb.load_model("tiny-resnet/mmoe", weights="pretrained")
results = rb.evaluate({"tiny-resnet": model}, data, corruptions="contrast", severities=(1, 5), out="runs/tracked")
print(results)

# Curves by severity, settings, tables and files; "mlflow" and "wandb" work in the same way.
for tracker, where in rb.log_results(results, "tensorboard").items():
    print(f"{tracker}: {where}")

results.to_csv("scores.csv")
content = json.loads(results.to_json())  # the text; with a path, a file
scores = pd.DataFrame(content["scores"])
print(scores[["corruption", "severity", "miou", "accuracy"]].round(1).to_string(index=False))
print("Unit:", content["metrics"]["miou"]["unit"])
