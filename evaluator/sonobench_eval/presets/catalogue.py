"""Which presets there are: their settings as YAML text, and how a test set for each is made up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

from sonobench_eval.presets.abvlm_q import abvlm_q
from sonobench_eval.presets.birads_v2025 import birads_v2025
from sonobench_eval.presets.bus_cot import bus_cot
from sonobench_eval.presets.chest_xray import chest_xray
from sonobench_eval.presets.synthetic import SyntheticSet
from sonobench_eval.presets.u_bench import u_bench


class PresetError(Exception):
    """There is no such preset, or it cannot be made like this. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A published benchmark as a challenge.

    `make` is called with a seed and a number of cases, of each task but where `asks` says otherwise; `cases` is their number
    where nobody says it, `fewest` the least that shows all that the preset is about.
    """

    name: str
    asks: str
    make: Callable[[int, int], SyntheticSet]
    cases: int
    fewest: int

    @property
    def settings(self) -> str:
        """The YAML an organiser starts from: a challenge without its cases."""
        return (files("sonobench_eval") / "presets" / f"{self.name}.yaml").read_text(encoding="utf-8")


PRESETS: tuple[Preset, ...] = (
    Preset("bus-cot", "malignancy, and 99 histopathology types of which most are rare", bus_cot, 200, 120),
    Preset("abvlm-q", "key structures, 11 standard planes, and a score of quality", abvlm_q, 60, 24),
    Preset("birads-v2025", "diagnosis and BI-RADS with readers, abstention and a safety set", birads_v2025, 60, 30),
    Preset("chest-xray", "14 findings with uncertain labels, and where they are", chest_xray, 72, 36),
    Preset("u-bench", "segmentation over many data sets, accuracy against cost", u_bench, 18, 9),
)


def preset_named(name: str) -> Preset:
    """
    Raises:
        PresetError: there is none of that name.
    """
    found = next((preset for preset in PRESETS if preset.name == name), None)
    if found is None:
        raise PresetError(f"There is no preset {name!r}; choose from {', '.join(preset.name for preset in PRESETS)}.")
    return found
