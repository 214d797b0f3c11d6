"""What a preset ships: settings that a challenge can be made of, for the benchmark it is named after."""

from __future__ import annotations

from pathlib import Path

import pytest

from sonobench_eval.challenge.load import ChallengeError, parse_challenge
from sonobench_eval.challenge.model import Case, ContractRules
from sonobench_eval.presets.catalogue import PRESETS, Preset, PresetError, preset_named
from sonobench_eval.presets.making import challenge_text

NAMES = [preset.name for preset in PRESETS]
PAGE = (Path(__file__).parents[3] / "docs" / "presets.md").read_text(encoding="utf-8")


@pytest.fixture(params=PRESETS, ids=NAMES)
def preset(request: pytest.FixtureRequest) -> Preset:
    found: Preset = request.param
    return found


class TestSettings:
    def test_lack_only_the_cases(self, preset: Preset) -> None:
        with pytest.raises(ChallengeError) as refused:
            parse_challenge(preset.settings, name="settings.yaml")
        assert str(refused.value).splitlines() == ["settings.yaml:3: cases: is missing"]

    def test_bear_the_name_of_their_file(self, preset: Preset) -> None:
        assert f"\nname: {preset.name}\n" in preset.settings

    def test_show_an_organiser_cases_that_load_as_they_stand(self, preset: Preset) -> None:
        _, _, commented = preset.settings.partition("\n# cases:\n")
        assert commented
        shown = "".join(line.removeprefix("# ") for line in commented.splitlines(keepends=True))
        challenge = parse_challenge(f"{preset.settings}\ncases:\n{shown}", name="settings.yaml")
        assert {case.task for case in challenge.cases} == {task.id for task in challenge.tasks}

    def test_declare_the_contract_as_configuration(self, preset: Preset) -> None:
        challenge = parse_challenge(challenge_text(preset, preset.make(0, preset.fewest).cases), name="made.yaml")
        assert isinstance(challenge.contract, ContractRules)

    def test_are_explained_on_their_page(self, preset: Preset) -> None:
        assert f"\n## {preset.name}\n" in PAGE
        assert (
            preset.settings.splitlines()[1].count("docs/presets.md") + preset.settings.splitlines()[2].count("docs/presets.md")
            == 1
        )


class TestPresetNamed:
    def test_an_unknown_name_is_refused_with_those_there_are(self) -> None:
        with pytest.raises(PresetError, match=r"no preset 'bus'; choose from bus-cot, abvlm-q"):
            preset_named("bus")


class TestChallengeText:
    def test_labels_that_are_uncertain_stay_null(self) -> None:
        labels = (0, 1, None, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        box = {"class": "Mass", "box": (1, 2, 3, 4)}
        cases = [
            Case(id="findings/1.png", task="findings", center="hospital", subject="7", labels=labels),
            Case.model_validate({"id": "localization/1.png", "task": "localization", "center": "hospital", "boxes": [box]}),
        ]
        challenge = parse_challenge(challenge_text(preset_named("chest-xray"), cases), name="made.yaml")
        assert challenge.cases == tuple(cases)
