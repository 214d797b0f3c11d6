"""A preset with a made-up test set in a folder, whole or not at all. The same seed gives the same files."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from sonobench_eval.challenge.model import Case
from sonobench_eval.presets.catalogue import Preset, PresetError
from sonobench_eval.presets.synthetic import RECIPE, SyntheticSet, png

STAMP = "preset.json"
_ENDLESS = 2**30


def make_preset(preset: Preset, folder: Path, *, seed: int = 7, cases: int | None = None) -> Path:
    """Write the challenge with a made-up test set and answers of three algorithms; a folder that holds this very one is kept.

    Args:
        preset: Which.
        folder: Made new: `challenge.yaml`, `images/`, `truth/` where there are masks, `predictions/ALGORITHM/`.
        seed: 0 or more.
        cases: Of each task; the preset's own number where None.

    Returns:
        The path of `challenge.yaml`.

    Raises:
        PresetError: the arguments are out of range, or `folder` holds something else.
    """
    number = preset.cases if cases is None else cases
    if seed < 0 or not preset.fewest <= number < 10_000:
        raise PresetError(
            f"{preset.name} needs a seed of 0 or more and {preset.fewest:,} to 9,999 cases, not seed {seed} and {number:,} cases."
        )
    stamp = json.dumps({"preset": preset.name, "recipe": RECIPE, "seed": seed, "cases": number}) + "\n"
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        return _same(folder, stamp)
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(unfinished, preset, preset.make(seed, number))
        (unfinished / STAMP).write_text(stamp, encoding="utf-8")
        unfinished.chmod(0o755)
        unfinished.replace(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder / "challenge.yaml"


def challenge_text(preset: Preset, cases: Iterable[Case]) -> str:
    """The settings with these cases below them, one line each: a whole challenge file."""
    return f"{preset.settings}\ncases:\n{''.join(f'- {_line(case)}' for case in cases)}"


def _same(folder: Path, stamp: str) -> Path:
    made_as = folder / STAMP
    if made_as.is_file() and made_as.read_text(encoding="utf-8") == stamp:
        return folder / "challenge.yaml"
    raise PresetError(f"{folder} already holds something else; name an empty folder, or remove it first.")


def _line(case: Case) -> str:
    written = case.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return str(yaml.safe_dump(written, default_flow_style=True, sort_keys=False, allow_unicode=True, width=_ENDLESS))


def _write(folder: Path, preset: Preset, made: SyntheticSet) -> None:
    _save(folder / "images", {path: png(picture) for path, picture in made.images.items()})
    _save(folder / "truth", {path: png(mask) for path, mask in made.masks.items()})
    for algorithm, results in made.predictions.items():
        _save(folder / "predictions" / algorithm, results)
    _save(folder, {**made.beside, "challenge.yaml": challenge_text(preset, made.cases).encode()})


def _save(folder: Path, contents: Mapping[str, bytes]) -> None:
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
