"""Train the network on a phantom set: seeded, on a CPU, in about a minute.

python train.py FOLDER WEIGHTS.pt     FOLDER as `sonobench_eval.challenge.phantom.make_phantom` writes it
Only internal centres are used: the external one is never seen in training.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from net import CLASSES, OUTLINES, SIZE, MultiTaskUNet, as_input
from PIL import Image
from torch import Tensor
from torch.nn import functional

EXTERNAL = "Cedar"
SEED, EPOCHS, BATCH, RATE = 20250923, 22, 16, 3e-3


@dataclass(frozen=True)
class Examples:
    """All pictures `(n, 1, SIZE, SIZE)`; `masks` for those with an outline, `labels` for those with a class, else -1."""

    pictures: Tensor
    outline: Tensor
    masks: Tensor
    question: list[str]
    labels: Tensor


def main(folder: Path, weights: Path) -> None:
    torch.manual_seed(SEED)
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)
    examples, net, started = read(folder), MultiTaskUNet(), time.monotonic()
    steps = EPOCHS * (len(examples.labels) // BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for epoch in range(EPOCHS):
        losses = []
        for batch in torch.randperm(len(examples.labels)).split(BATCH)[: steps // EPOCHS]:
            loss = loss_of(net, examples, batch)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        if epoch % 3 == 0 or epoch == EPOCHS - 1:
            print(f"epoch {epoch + 1}/{EPOCHS}: loss {np.mean(losses):.3f}, {time.monotonic() - started:.0f} s", flush=True)
    torch.save({name: value.half() for name, value in net.state_dict().items()}, weights)


def read(folder: Path) -> Examples:
    cases = [case for case in json.loads((folder / "ground_truth.json").read_text()) if case["center"] != EXTERNAL]
    pictures = torch.stack([as_input(Image.open(folder / "images" / case["img_path_relative"]).convert("L")) for case in cases])
    masks = torch.zeros(len(cases), SIZE, SIZE)
    for number, case in enumerate(cases):
        if "mask_path_relative" in case:
            mask = Image.open(folder / "truth" / case["mask_path_relative"]).resize((SIZE, SIZE), Image.Resampling.NEAREST)
            masks[number] = torch.from_numpy(np.asarray(mask) > 0)
    outline = torch.tensor([OUTLINES.index(case["dataset_name"]) if "mask_path_relative" in case else -1 for case in cases])
    labels = torch.tensor([case.get("label", -1) for case in cases])
    return Examples(pictures, outline, masks, [case["dataset_name"] for case in cases], labels)


def loss_of(net: MultiTaskUNet, examples: Examples, batch: Tensor) -> Tensor:
    """Cross-entropy plus soft Dice for outlines, cross-entropy for classes, summed over what the batch holds."""
    pictures, masks = augmented(examples.pictures[batch], examples.masks[batch])
    outlines, classes = net(pictures)
    loss = outlines.sum() * 0
    if (has := examples.outline[batch] >= 0).any():
        logits = outlines[has, examples.outline[batch][has]]
        loss = loss + functional.binary_cross_entropy_with_logits(logits, masks[has]) + soft_dice_loss(logits, masks[has])
    for name in CLASSES:
        mine = torch.tensor([examples.question[i] == name and examples.labels[i] >= 0 for i in batch.tolist()])
        if mine.any():
            loss = loss + 0.4 * functional.cross_entropy(classes[name][mine], examples.labels[batch][mine], label_smoothing=0.05)
    return loss


def soft_dice_loss(logits: Tensor, masks: Tensor) -> Tensor:
    probability = logits.sigmoid()
    overlap = (probability * masks).sum((1, 2))
    return 1 - ((2 * overlap + 1) / (probability.sum((1, 2)) + masks.sum((1, 2)) + 1)).mean()


def augmented(pictures: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Mirrored left to right at random, shifted sideways, with contrast and noise varied a little."""
    flip = torch.rand(len(pictures)) < 0.5
    pictures, masks = pictures.clone(), masks.clone()
    pictures[flip], masks[flip] = pictures[flip].flip(-1), masks[flip].flip(-1)
    shift = int(torch.randint(-8, 9, ()))
    pictures, masks = pictures.roll(shift, -1), masks.roll(shift, -1)
    contrast = 0.8 + 0.4 * torch.rand(len(pictures), 1, 1, 1)
    return pictures * contrast + 0.1 * torch.randn_like(pictures), masks


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
