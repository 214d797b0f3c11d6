"""One small network for every task: a shared U-Net, an outline per segmentation data set, a head per classification data set."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

SIZE = 128
WIDTHS = (16, 32, 48, 64)
OUTLINES = ("Breast", "Fetal_Head")
CLASSES = {"Breast": 2, "Fatty_Liver": 2, "Breast_luminal": 4}


class Block(nn.Sequential):
    """Two 3 x 3 convolutions. Group norm: it does not care how many pictures come at once."""

    def __init__(self, before: int, after: int, *, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False),
            nn.GroupNorm(8, after),
            nn.SiLU(),
            nn.Conv2d(after, after, 3, padding=1, bias=False),
            nn.GroupNorm(8, after),
            nn.SiLU(),
        )


class MultiTaskUNet(nn.Module):
    """Pictures `(n, 1, SIZE, SIZE)` to outlines' logits `(n, len(OUTLINES), SIZE, SIZE)` and class logits by data set."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(Block(before, after, stride=2) for before, after in zip((1, *WIDTHS[:-1]), WIDTHS, strict=True))
        self.up = nn.ModuleList(Block(deep + flat, flat) for deep, flat in zip(WIDTHS[:0:-1], WIDTHS[-2::-1], strict=True))
        self.outlines = nn.Conv2d(WIDTHS[0], len(OUTLINES), 1)
        self.classes = nn.ModuleDict({name: nn.Linear(2 * WIDTHS[-1] + WIDTHS[0], count) for name, count in CLASSES.items()})

    def forward(self, pictures: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        levels, x = [], pictures
        for block in self.down:
            x = block(x)
            levels.append(x)
        deepest = x
        for block, level in zip(self.up, levels[-2::-1], strict=True):
            x = block(torch.cat([functional.interpolate(x, scale_factor=2, mode="nearest"), level], 1))
        outlines = functional.interpolate(self.outlines(x), scale_factor=2, mode="bilinear", align_corners=False)
        seen = torch.cat([deepest.mean((2, 3)), deepest.amax((2, 3)), x.mean((2, 3))], 1)
        return outlines, {name: head(seen) for name, head in self.classes.items()}


def as_input(grey: Image.Image) -> Tensor:
    """A grey picture of any size as `(1, SIZE, SIZE)`, mean 0 and spread 1."""
    pixels = np.asarray(grey.resize((SIZE, SIZE), Image.Resampling.BILINEAR), dtype=np.float32) / 255
    return torch.from_numpy((pixels - pixels.mean()) / (pixels.std() + 1e-3))[None]
