"""Reader studies: agreement worked out by hand, and mistakes in the file told with their lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from sonobench_eval.challenge.load import parse_challenge
from sonobench_eval.challenge.model import Challenge
from sonobench_eval.presets.catalogue import PresetError, preset_named
from sonobench_eval.presets.readings import agreement, grade_names, read_readings

HEAD = "case,first,second,arbitrator\n"


@pytest.fixture
def challenge() -> Challenge:
    """Four cases of BI-RADS, references 2, 4A, 5, 1; and one of the diagnosis and the safety set."""
    values = {1: 1, 2: 3, 3: 6, 4: 0}
    lines = [f"- {{id: b/{n}.png, task: birads, center: hospital, subject: s{n}, value: {value}}}" for n, value in values.items()]
    lines += [
        "- {id: d/1.png, task: diagnosis, center: hospital, label: 0}",
        "- {id: o/1.png, task: safety, center: hospital, label: 0}",
    ]
    return parse_challenge("\n".join([preset_named("birads-v2025").settings, "cases:", *lines, ""]), name="made.yaml")


def written(folder: Path, text: str) -> Path:
    path = folder / "readings.csv"
    path.write_text(text)
    return path


class TestAgreement:
    def test_kappa_and_arbitration_are_those_worked_out_by_hand(self, challenge: Challenge, tmp_path: Path) -> None:
        text = HEAD + "b/1.png,2,2,\nb/2.png,4A,4B,4A\nb/3.png,5,5,\nb/4.png,1,2,1\n"
        found = agreement(read_readings(written(tmp_path, text), challenge), challenge.bootstrap, grades=7)
        assert (found.task, found.cases, found.rated) == ("birads", 4, 4)
        assert (found.agreed, found.arbitrated, found.open, found.unlike_reference) == (2, 2, 0, 0)
        assert found.same.value == 0.5
        # Grades 1 3 6 0 and 1 4 6 1: by chance they meet in (1*2 + 1*1) / 16 = 3/16 of cases, so (1/2 - 3/16) / (13/16) = 5/13.
        assert found.kappa.value == pytest.approx(5 / 13, abs=1e-12)
        # Squared differences: 0 + 1 + 0 + 1 = 2 in 4 cases; in all 16 pairs 34 + 18 + 54 + 54 = 160, so 1 - (2 / 4) / (160 / 16).
        assert found.weighted_kappa.value == pytest.approx(0.95, abs=1e-12)
        assert "4 cases" in found.kappa.method

    def test_a_case_that_one_did_not_read_is_settled_by_the_arbitrator_and_leaves_kappa(
        self, challenge: Challenge, tmp_path: Path
    ) -> None:
        text = HEAD + "b/1.png,2,2,\nb/2.png,4A,,4B\nb/3.png,5,4C,\nb/4.png,1,1,\n"
        found = agreement(read_readings(written(tmp_path, text), challenge), challenge.bootstrap, grades=7)
        assert (found.cases, found.rated) == (4, 3)
        assert (found.agreed, found.arbitrated, found.open) == (2, 1, 1)
        # The arbitrator says 4B where the reference is 4A; the open case is settled by nobody, and so is unlike nothing.
        assert found.unlike_reference == 1

    def test_nobody_read_what_the_other_read(self, challenge: Challenge, tmp_path: Path) -> None:
        readings = read_readings(written(tmp_path, HEAD + "b/1.png,2,,2\n"), challenge)
        with pytest.raises(PresetError, match="No case of birads was read by both"):
            agreement(readings, challenge.bootstrap, grades=7)


class TestReadReadings:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("case,first,second\nb/1.png,2,2\n", "there is no column 'arbitrator'"),
            (HEAD, "there are no readings"),
            (HEAD + "b/9.png,2,2,\n", r":2: the challenge has no case 'b/9.png'"),
            (HEAD + "b/1.png,2,2,\nb/2.png,4A,4D,\n", r":3: '4D' is no grade; they are 1, 2, 3, 4A, 4B, 4C, 5"),
            (HEAD + "b/1.png,2,2,\nb/1.png,2,2,\n", "b/1.png stands twice"),
            (HEAD + "b/1.png,2,2,\nd/1.png,2,2,\n", "not of birads, diagnosis"),
        ],
    )
    def test_what_does_not_fit_is_told_in_one_sentence(self, challenge: Challenge, tmp_path: Path, text: str, said: str) -> None:
        with pytest.raises(PresetError, match=said):
            read_readings(written(tmp_path, text), challenge)

    def test_a_file_that_is_not_there(self, challenge: Challenge, tmp_path: Path) -> None:
        with pytest.raises(PresetError, match="cannot be read"):
            read_readings(tmp_path / "none.csv", challenge)


class TestGradeNames:
    def test_are_the_words_of_the_contract(self, challenge: Challenge) -> None:
        assert grade_names(challenge, challenge.task("birads")) == ("1", "2", "3", "4A", "4B", "4C", "5")

    def test_are_whole_numbers_where_the_contract_has_no_words(self, challenge: Challenge) -> None:
        plain = challenge.model_copy(update={"contract": "json-list"})
        assert grade_names(plain, challenge.task("birads")) == ("0", "1", "2", "3", "4", "5", "6")
