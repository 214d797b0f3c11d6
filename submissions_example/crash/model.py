"""Answers the first cases, then fails the way programs do: with an exception and exit code 1."""

from __future__ import annotations

import json
from pathlib import Path

CASES, OUTPUT = Path("/input_json"), Path("/output")
ANSWERED = 5


def main() -> None:
    answers = {}
    for number, case in enumerate(json.loads(CASES.read_text())):
        answers[case["img_path_relative"]] = {"probability": [0.5, 0.5], "prediction": 0}
        (OUTPUT / "classification.json").write_text(json.dumps(answers))
        if number == ANSWERED:
            raise RuntimeError("the weights and the network do not fit each other")


if __name__ == "__main__":
    main()
