"""Contracts that have a name, as data. `uusic25` is here too, though the class that is as old as the kit reads for it."""

from __future__ import annotations

from sonobench_eval.challenge.contract_rules import ContractName, ContractRules
from sonobench_eval.challenge.model import Challenge

UUSIC25 = ContractRules.model_validate(
    {
        "inputs": {"at": "/input"},
        "case_list": {
            "at": "/input_json",
            "fields": {"img_path_relative": "{path}", "task": "{kind}", "dataset_name": "{dataset_name}", "organ": "{organ}"},
            "kinds": {"instances": "segmentation", "binary": "classification", "multiclass": "classification"},
        },
        "masks": [{"path": "{path}", "replace": [("img", "mask")]}],
        "classes": [
            {
                "file": "classification.json",
                "probabilities": {"in_order": "probability"},
                "decision": {"index": "prediction"},
                "most_bytes": "1G",
            }
        ],
    }
)
"""The layout of the UUSIC25 kit."""


def _answers(**where: str) -> dict[str, list[dict[str, object]]]:
    """Every kind of answer but masks, each with fields of the plainest names, in files that are named and laid out like this."""
    boxes = {"boxes": "boxes", "box": "box", "class_name": "class", "confidence": "confidence"}
    return {
        "classes": [{**where, "probabilities": {"by_name": "probabilities"}}],
        "labels": [{**where, "probabilities": {"by_name": "probabilities"}}],
        "values": [{**where, "field": "value"}],
        "boxes": [{**where, **boxes}],
        "points": [{**where, "by_name": "points"}],
    }


FOLDER_PER_CASE = ContractRules.model_validate(
    {
        "inputs": {"at": "/input", "path": "{folder}/{stem}/image{suffix}", "folders": "hidden"},
        "masks": [{"path": "{folder}/{stem}/mask{suffix}"}],
        **_answers(file="{folder}/{stem}/result.json", form="file"),
    }
)
"""`/input/CASE/image.png` in, `/output/CASE/mask.png` or `/output/CASE/result.json` out, and no list of cases."""

JSON_LIST = ContractRules.model_validate(
    {
        "inputs": {"at": "/input/images"},
        "case_list": {
            "at": "/input/cases.json",
            "under": "cases",
            "fields": {
                "id": "{path}",
                "task": "{task}",
                "kind": "{kind}",
                "organ": "{organ}",
                "classes": "{classes}",
                "points": "{points}",
                "pixel_size_mm": "{pixel_size_mm}",
            },
        },
        "masks": [{"path": "masks/{path}"}],
        **_answers(file="{task}.json", form="list"),
    }
)
"""One JSON list of cases in, one JSON list of answers for each task out; masks below `/output/masks`."""

PRESETS: dict[ContractName, ContractRules] = {"uusic25": UUSIC25, "folder-per-case": FOLDER_PER_CASE, "json-list": JSON_LIST}


def rules_of(challenge: Challenge) -> ContractRules:
    """The rules of a challenge's contract: its own, or those of the preset that it names.

    Raises:
        LookupError: there is no preset of that name.
    """
    declared: object = challenge.contract
    if isinstance(declared, ContractRules):
        return declared
    for name, rules in PRESETS.items():
        if name == declared:
            return rules
    raise LookupError(f"there is no contract {declared!r}; choose from {', '.join(sorted(PRESETS))}")
