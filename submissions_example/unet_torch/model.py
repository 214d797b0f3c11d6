"""A small multi-task network, speaking the UUSIC25 kit's interface. Uses a GPU where there is one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from net import CLASSES, OUTLINES, MultiTaskUNet, as_input
from PIL import Image
from torch.nn import functional

INPUT, CASES, OUTPUT = Path("/input"), Path("/input_json"), Path("/output")
WEIGHTS = Path(__file__).with_name("weights.pt")
BATCH = 16

Case = dict[str, str]


def main() -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    net = MultiTaskUNet()
    net.load_state_dict(torch.load(WEIGHTS, weights_only=True))
    net.to(device).eval()
    cases: list[Case] = json.loads(CASES.read_text())
    answers = {}
    for start in range(0, len(cases), BATCH):
        for case, answer in predict(net, cases[start : start + BATCH], device):
            if answer is not None:
                answers[case["img_path_relative"]] = {"probability": answer, "prediction": int(np.argmax(answer))}
    (OUTPUT / "classification.json").write_text(json.dumps(answers))


@torch.inference_mode()
def predict(net: MultiTaskUNet, cases: list[Case], device: torch.device) -> Iterator[tuple[Case, list[float] | None]]:
    """Each case with its class probabilities, or with None after its mask was written."""
    pictures = [Image.open(INPUT / case["img_path_relative"]).convert("L") for case in cases]
    outlines, classes = net(torch.stack([as_input(picture) for picture in pictures]).to(device))
    for number, (case, picture) in enumerate(zip(cases, pictures, strict=True)):
        if case["task"] == "segmentation":
            write_mask(case["img_path_relative"], outlines[number, which_outline(case)], picture.size)
            yield case, None
        elif case["dataset_name"] in CLASSES:
            yield case, classes[case["dataset_name"]][number].softmax(0).tolist()
        else:
            yield case, [0.5, 0.5]


def which_outline(case: Case) -> int:
    """The outline for this data set; one never trained on gets the outline of lesions."""
    return OUTLINES.index(case["dataset_name"]) if case["dataset_name"] in OUTLINES else 0


def write_mask(name: str, logits: torch.Tensor, size: tuple[int, int]) -> None:
    path = OUTPUT / name.replace("img", "mask")
    path.parent.mkdir(parents=True, exist_ok=True)
    full = functional.interpolate(logits[None, None].float(), size=(size[1], size[0]), mode="bilinear", align_corners=False)[0, 0]
    Image.fromarray((full > 0).cpu().numpy().astype(np.uint8) * np.uint8(255)).save(path, format="PNG")


if __name__ == "__main__":
    main()
