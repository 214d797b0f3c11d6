"""Scoring from files against merely decoding them:   python -m infra.bench_files [--cases N] [--rounds N]

A folder of 512 x 512 masks, written by Pillow and a share of them by OpenCV, is scored from end to end as `sonobench score`
does it: images and references hashed, results listed, read, decoded in the confined child, DSC and NSD of each case, their
means with 1,000 bootstraps. OpenCV, on the same cores and in turn with it, only decodes the same masks. NIfTI volumes are read
through the same child, against nibabel. Prints ratios, how time grows with the cases, and the peak of memory; asserts no
time, for time on a shared machine proves nothing. Ends with an error where pixels differ.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import cv2
import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Case, Center, Challenge, Metric, Task
from sonobench_eval.io.confined import ConfinedDecoder, shared_decoder
from sonobench_eval.io.images import image_geometry
from sonobench_eval.io.sources import FolderResults
from sonobench_eval.io.volumes import Geometry
from sonobench_eval.pipeline import Results, score_many

CASES, ROUNDS = 2479, 5
SIDE = 512
SHAPES = 60
"""Pairs of masks that are drawn; the cases are these over and over."""
BY_OPENCV = 4
"""Every so many-th mask is written by OpenCV, the others by Pillow."""
ALGORITHMS = ("a", "b", "c")
TARGET = 1.1
VOLUME_SHAPE = (128, 256, 256)
TASK = Task(
    id="Organ",
    kind="segmentation",
    dataset_name="Organ",
    organ="Organ",
    labels={"organ": "nonzero"},
    metrics=(Metric(name="dsc"), Metric.model_validate({"name": "nsd", "convention": "surface", "tolerance": 2, "unit": "px"})),
)

Mask8 = NDArray[np.uint8]


class Folder(NamedTuple):
    """What was written: `images/img/<case>`, `truth/<case>` and `<algorithm>/mask/<case>`."""

    root: Path
    cases: list[str]

    def first(self, count: int) -> Folder:
        return Folder(self.root, self.cases[:count])

    def paths(self, *algorithms: str) -> list[str]:
        """The masks of some algorithms and their references."""
        folders = [self.root / "truth", *(self.root / each / "mask" for each in algorithms)]
        return [str(folder / case) for case in self.cases for folder in folders]

    def challenge(self) -> LoadedChallenge:
        made = Challenge(
            sonobench=1,
            name="bench",
            title="Bench",
            inputs="images",
            truth="truth",
            centers=(Center(id="here", role="internal"),),
            tasks=(TASK,),
            cases=tuple(Case(id=f"img/{case}", task=TASK.id, center="here", mask=case) for case in self.cases),
        )
        return LoadedChallenge(made, self.root / "challenge.yaml", self.root, challenge_hash(made))


def main(*, cases: int = CASES, rounds: int = ROUNDS) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = written(Path(place), cases)
        print(f"{cases} pairs of {SIDE} x {SIDE} PNG masks, warm cache, {rounds} rounds in turn, medians")
        check_pixels(folder.first(2 * BY_OPENCV))
        for cores in sorted({1, min(2, len(os.sched_getaffinity(0)))}):
            with on_cores(cores):
                compare(folder, cores, rounds)
        grow(folder, rounds)
        for count in (cases // 4, cases):
            print(f"peak memory, {count} cases: {peak_mib(folder, count)}")
        with on_cores(1):
            compare_volumes(Path(place), rounds)


def compare(folder: Folder, cores: int, rounds: int) -> None:
    """End to end against decoding alone, for one algorithm and for several against the same references."""
    for algorithms in (ALGORITHMS[:1], ALGORITHMS):
        score(folder.first(20), algorithms)
        decoding = partial(decode_only, folder.paths(*algorithms), cores)
        peer, ours = in_turn(rounds, decoding, partial(score, folder, algorithms))
        what = "1 algorithm" if len(algorithms) == 1 else f"{len(algorithms)} algorithms, each reference decoded once"
        ratio = f"ratio {ours / peer:.2f} (target: at most {TARGET})"
        each = f"{1e3 * ours / len(folder.cases):.2f} ms a case"
        print(f"{cores} core{'s' * (cores > 1)}, {what}: OpenCV decodes in {peer:.2f} s; scored in {ours:.2f} s, {each}; {ratio}")


def grow(folder: Folder, rounds: int) -> None:
    """Time against the number of cases, on one core."""
    counts = [len(folder.cases) // part for part in (4, 2, 1)]
    with on_cores(1):
        took = in_turn(rounds, *[partial(score, folder.first(n), ALGORITHMS[:1]) for n in counts])
    slope = np.polyfit(np.log(counts), np.log(took), 1)[0]
    told = ", ".join(f"{n}: {each:.2f} s" for n, each in zip(counts, took, strict=True))
    print(f"growth with the cases, 1 core: {told}; exponent {slope:.2f} (1 is linear)")


def score(folder: Folder, algorithms: Sequence[str]) -> None:
    """What `sonobench score` does, for one or more algorithms."""
    with ExitStack() as opened:
        results = [Results(opened.enter_context(FolderResults(folder.root / each))) for each in algorithms]
        scored = score_many(folder.challenge(), results)
    # A part of the cases leaves files over.
    if found := [each for of in scored for each in of.evaluation.findings if each.code != "unexpected_file"]:
        raise RuntimeError(str(found))


def decode_only(paths: Sequence[str], cores: int) -> None:
    """What OpenCV needs to make pixels of the files."""
    cv2.setNumThreads(cores)
    if cores == 1:
        for path in paths:
            cv2.imread(path, cv2.IMREAD_GRAYSCALE)
        return
    share = -(-len(paths) // cores)
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(lambda some: decode_only(some, 1), [paths[at : at + share] for at in range(0, len(paths), share)]))


def check_pixels(folder: Folder) -> None:
    """The same pixels on both sides, before any time is taken."""
    with ConfinedDecoder() as decoder:
        for path in folder.paths(*ALGORITHMS):
            read = decoder.decode(Path(path).read_bytes(), expected=(SIDE, SIDE))
            if not (np.asarray(read.array) == np.asarray(cv2.imread(path, cv2.IMREAD_GRAYSCALE))).all():
                raise RuntimeError(f"{path}: other pixels than OpenCV's")


def written(place: Path, cases: int) -> Folder:
    """Folders of masks: every algorithm's are the references', a little moved and grown."""
    rng = np.random.default_rng(25)
    drawn = [drawn_mask(rng) for _ in range(min(SHAPES, cases))]
    names = [f"{number:05}.png" for number in range(cases)]
    for step, each in enumerate(("truth", *(f"{algorithm}/mask" for algorithm in ALGORITHMS))):
        files = [encoded(altered(mask, step), by_opencv=number % BY_OPENCV == 0) for number, mask in enumerate(drawn)]
        write(place / each, names, files)
    write(place / "images" / "img", names, [encoded(np.zeros((SIDE, SIDE), np.uint8), by_opencv=False)])
    return Folder(place, names)


def write(folder: Path, names: Sequence[str], files: Sequence[bytes]) -> None:
    """The same few files over and over."""
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        (folder / name).write_bytes(files[number % len(files)])


def drawn_mask(rng: np.random.Generator) -> Mask8:
    """An organ: an ellipse whose edge waves."""
    y, x = np.mgrid[:SIDE, :SIDE]
    center, radii = rng.uniform(0.35, 0.65, 2) * SIDE, rng.uniform(0.08, 0.3, 2) * SIDE
    angle = np.arctan2(y - center[0], x - center[1])
    edge = 1 + sum(rng.uniform(-0.08, 0.08) * np.cos(wave * angle + rng.uniform(0, 6)) for wave in range(2, 9))
    inside = ((y - center[0]) / radii[0]) ** 2 + ((x - center[1]) / radii[1]) ** 2 < edge**2
    return np.where(inside, 255, 0).astype(np.uint8)


def altered(mask: Mask8, step: int) -> Mask8:
    if step == 0:
        return mask
    moved = np.roll(mask, (step, -2 * step), (0, 1))
    kernel = np.ones((2 * step + 1, 2 * step + 1), np.uint8)
    return np.asarray(cv2.dilate(moved, kernel), np.uint8)


def encoded(mask: Mask8, *, by_opencv: bool) -> bytes:
    if by_opencv:
        return bytes(cv2.imencode(".png", mask)[1])
    out = io.BytesIO()
    Image.fromarray(mask).save(out, "PNG")
    return out.getvalue()


def compare_volumes(place: Path, rounds: int) -> None:
    """Label volumes through the confined child, from file to labels in memory, against nibabel."""
    affine = np.diag((0.8, 0.8, 1.5, 1.0))
    kinds = {
        "uint8, gzipped": (np.uint8, ".nii.gz"),
        "uint8, plain": (np.uint8, ".nii"),
        "float64, gzipped": (np.float64, ".nii.gz"),
    }
    with ConfinedDecoder() as decoder:
        for number, (name, (kind, suffix)) in enumerate(kinds.items()):
            path = place / f"{number}{suffix}"
            nib.save(nib.Nifti1Image(drawn_volume(number).T.astype(kind), affine), path)  # type: ignore[no-untyped-call]
            reading = partial(read_volume, decoder, path, image_geometry(path))
            if not (np.asarray(reading()) == np.asarray(by_nibabel(path)).T).all():
                raise RuntimeError(f"{path}: other labels than nibabel's")
            peer, floats, ours = in_turn(3 * rounds, partial(by_nibabel, path), partial(floats_by_nibabel, path), reading)
            size = " x ".join(map(str, reversed(VOLUME_SHAPE)))
            print(
                f"NIfTI {size}, {name}, 1 core: nibabel's labels {1e3 * peer:.1f} ms (its get_fdata {1e3 * floats:.1f} ms), "
                f"the confined child {1e3 * ours:.1f} ms; ratio {ours / peer:.2f} (target: at most {TARGET})"
            )


def drawn_volume(seed: int) -> Mask8:
    rng = np.random.default_rng(seed)
    z, y, x = np.ogrid[tuple(slice(-1, 1, n * 1j) for n in VOLUME_SHAPE)]
    labels = np.zeros(VOLUME_SHAPE, np.uint8)
    for label in (1, 2, 3):
        a, b, c, *radii = rng.uniform(0.2, 0.6, 6)
        labels[((z - a) / radii[0]) ** 2 + ((y - b) / radii[1]) ** 2 + ((x - c) / radii[2]) ** 2 < 1] = label
    return labels


def by_nibabel(path: Path) -> Mask8:
    """Labels in memory, as nibabel gives them at its quickest."""
    return np.asarray(nib.load(path).dataobj).astype(np.uint8)  # type: ignore[attr-defined]


def floats_by_nibabel(path: Path) -> NDArray[np.float64]:
    return np.asarray(nib.load(path).get_fdata())  # type: ignore[attr-defined]


def read_volume(decoder: ConfinedDecoder, path: Path, expected: Geometry) -> NDArray[Any]:
    read = decoder.decode_volume(path.read_bytes(), expected=expected)
    if read.array is None:
        raise RuntimeError(f"{path}: {read.detail}")
    return read.array


def in_turn(rounds: int, *works: Callable[[], object]) -> list[float]:
    """The median seconds of each work, one after the other in every round."""
    took: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for each, work in zip(took, works, strict=True):
            started = time.perf_counter()
            work()
            each.append(time.perf_counter() - started)
    return [median(each) for each in took]


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    """This process and the children it starts, on so many cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])
    shared_decoder().close()
    try:
        yield
    finally:
        shared_decoder().close()
        os.sched_setaffinity(0, before)


def peak_mib(folder: Folder, count: int) -> str:
    """Peak of resident memory of scoring in a process of its own, and of its child."""
    command = [sys.executable, "-m", "infra.bench_files", "--peak", str(folder.root), "--cases", str(count)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def tell_peak(root: Path, count: int) -> None:
    folder = Folder(root, sorted(each.name for each in (root / "truth").iterdir()))
    score(folder.first(count), ALGORITHMS[:1])
    child = shared_decoder().borrow()
    peaks = [peak_of(str(process)) for process in ("self", child.pid)]
    shared_decoder().give_back(child)
    print(f"{peaks[0]:.0f} MiB, and {peaks[1]:.0f} MiB in the child")


def peak_of(process: str) -> float:
    """Most memory a process ever had resident, in MiB."""
    status = Path("/proc", process, "status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--peak", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.peak is None:
        main(cases=asked.cases, rounds=asked.rounds)
    else:
        tell_peak(asked.peak, asked.cases)
