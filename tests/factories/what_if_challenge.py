"""A challenge of two tasks, for boards whose figures a test makes up."""

from __future__ import annotations

from sonobench_eval.challenge.model import Bootstrap, Case, Center, Challenge, Metric, Task

CHALLENGE = Challenge(
    sonobench=1,
    name="small",
    title="Small",
    centers=(Center(id="Near", role="internal"),),
    tasks=(
        Task(id="Head", kind="segmentation", dataset_name="H", organ="H", labels={"a": "nonzero"}, metrics=(Metric(name="dsc"),)),
        Task(
            id="Breast",
            kind="binary",
            dataset_name="B",
            organ="B",
            classes=("no", "yes"),
            metrics=(Metric(name="auc"), Metric(name="acc")),
        ),
    ),
    cases=(
        Case.model_validate({"id": "h.png", "task": "Head", "center": "Near", "mask": "h.png"}),
        Case.model_validate({"id": "b.png", "task": "Breast", "center": "Near", "label": 0}),
    ),
    bootstrap=Bootstrap(resamples=0),
)
