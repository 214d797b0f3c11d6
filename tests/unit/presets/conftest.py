"""Every preset made once, small."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sonobench_eval.challenge.load import LoadedChallenge, load_challenge
from sonobench_eval.presets.catalogue import PRESETS
from sonobench_eval.presets.making import make_preset


@pytest.fixture(scope="session")
def smallest(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, LoadedChallenge]:
    """Each preset with as few cases as it allows, seed 3, by its name."""
    folder = tmp_path_factory.mktemp("presets")
    return {
        preset.name: load_challenge(make_preset(preset, folder / preset.name, seed=3, cases=preset.fewest)) for preset in PRESETS
    }
