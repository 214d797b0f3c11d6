"""Phases of a challenge: their dates, and the challenge that each of them is by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.load import ChallengeError, dump_challenge, parse_challenge
from sonobench_eval.challenge.model import Challenge
from sonobench_eval.challenge.phase import Phase, Quota

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)

PHASED = """\
entry: {approval: true, terms: Be fair.}
warm_up:
- {id: warm/heart.png, task: heart, center: a}
phases:
- {id: sample, kind: sample}
- id: final
  opens: 2026-09-01T12:00:00+02:00
  closes: 2026-10-01T00:00:00+02:00
  requires: [sample]
  scores: sealed
  sealed_until: 2026-10-09T00:00:00Z
"""


@pytest.fixture
def phased(text: str) -> str:
    """The challenge of `conftest.py` with its breast image in a sample phase of its own."""
    return text.replace("center: a, label: 1}", "center: a, phase: sample, label: 1}") + PHASED


def parsed(text: str) -> Challenge:
    return parse_challenge(text, name="c.yaml")


class TestMoments:
    def test_a_date_without_quotes_is_the_moment_that_it_names(self, phased: str) -> None:
        final = parsed(phased).phase("final")
        assert final.opens == datetime(2026, 9, 1, 10, tzinfo=UTC)
        assert final.sealed_until == datetime(2026, 10, 9, tzinfo=UTC)

    def test_a_date_in_quotes_is_the_same(self, phased: str) -> None:
        assert parsed(phased.replace("2026-09-01T12:00:00+02:00", "'2026-09-01T12:00:00+02:00'")) == parsed(phased)

    @pytest.mark.parametrize(
        ("written", "sentence"),
        [
            ("2026-09-01T12:00:00", r"c\.yaml:\d+: phases\.1\.opens: 2026-09-01T12:00:00 has no time zone.*write 2026-"),
            ("2026-09-01 12:00:00", r"opens: 2026-09-01T12:00:00 has no time zone"),
            ("2026-09-01", r"opens: 2026-09-01T00:00:00 has no time zone"),
            ("2026", r"opens: must be a date with a time and its time zone, like 2026-09-01T12"),
            ("1788256800", r"opens: must be a date with a time"),
            ("1788256800.5", r"opens: must be a date with a time"),
            ("next monday", r"opens: 'next monday' is no date with a time; write it like 2026-"),
            ("[2026]", r"opens: must be a date with a time"),
        ],
    )
    def test_what_is_no_moment_is_refused_in_a_sentence(self, phased: str, written: str, sentence: str) -> None:
        with pytest.raises(ChallengeError, match=sentence):
            parsed(phased.replace("2026-09-01T12:00:00+02:00", written))

    def test_a_phase_opens_at_its_moment_and_is_closed_at_the_other(self) -> None:
        phase = Phase(id="p", opens=NOON, closes=NOON + timedelta(hours=1))
        asked = [NOON - timedelta(microseconds=1), NOON, NOON + timedelta(minutes=59), NOON + timedelta(hours=1)]
        assert [phase.is_open(now) for now in asked] == [False, True, True, False]

    @pytest.mark.parametrize("name", ["Berlin", "Europe", "../UTC", "/etc/passwd", "Europe/Berlin\0", ""])
    def test_a_time_zone_that_is_none_is_refused(self, name: str) -> None:
        with pytest.raises(ValidationError, match=r"time zone|at least 1"):
            Quota(time_zone=name)

    def test_a_time_zone_that_is_one_is_taken(self) -> None:
        assert Quota(time_zone="Europe/Berlin").time_zone == "Europe/Berlin"


class TestOfPhase:
    def test_each_part_is_a_challenge_by_itself(self, phased: str) -> None:
        challenge = parsed(phased)
        for phase in challenge.all_phases:
            part = challenge.of_phase(phase.id)
            assert parsed(dump_challenge(part)) == part

    def test_a_part_has_its_own_cases_tasks_centers_and_warm_up(self, phased: str) -> None:
        challenge = parsed(phased)
        sample, final = challenge.of_phase("sample"), challenge.of_phase("final")
        assert [case.id for case in sample.cases] == ["breast/img/1.png"]
        assert ([task.id for task in sample.tasks], [each.id for each in sample.centers]) == (["breast"], ["a"])
        assert sample.warm_up == ()
        assert [task.id for task in final.tasks] == ["heart"]
        assert [case.id for case in final.warm_up] == ["warm/heart.png"]

    def test_a_sample_phase_gives_its_logs_to_the_team_and_others_do_not(self, phased: str) -> None:
        challenge = parsed(phased)
        assert challenge.of_phase("sample").logs == "team"
        assert challenge.of_phase("final").logs == "organisers"

    def test_dates_and_terms_are_no_part_of_what_a_phase_is_scored_with(self, phased: str) -> None:
        later = phased.replace("2026-10-01", "2026-10-02").replace("Be fair.", "Be very fair.")
        assert challenge_hash(parsed(later)) != challenge_hash(parsed(phased))
        assert challenge_hash(parsed(later).of_phase("final")) == challenge_hash(parsed(phased).of_phase("final"))

    def test_what_teams_are_called_is_no_part_of_that_and_names_go_without_saying(self, phased: str) -> None:
        said, aliased = (
            phased.replace("  scores: sealed", f"  names: {names}\n  scores: sealed") for names in ("teams", "aliases")
        )
        assert challenge_hash(parsed(said)) == challenge_hash(parsed(phased))
        assert challenge_hash(parsed(aliased)) != challenge_hash(parsed(phased))
        assert challenge_hash(parsed(aliased).of_phase("final")) == challenge_hash(parsed(phased).of_phase("final"))

    def test_of_a_challenge_without_phases_it_is_the_challenge(self, challenge: Challenge) -> None:
        assert challenge.of_phase("test") == challenge
        assert challenge_hash(challenge.of_phase("test")) == challenge_hash(challenge)

    def test_the_canary_is_the_sample_phase_without_references(self, phased: str) -> None:
        canary = parsed(phased).canary
        assert canary is not None
        assert [(case.id, case.label) for case in canary.cases] == [("breast/img/1.png", None)]


class TestWhatDoesNotFit:
    @pytest.mark.parametrize(
        ("old", "new", "sentence"),
        [
            ("requires: [sample]", "requires: [other]", "'other' is no phase declared before this one"),
            ("requires: [sample]", "requires: [final]", "'final' is no phase declared before this one"),
            ("phase: sample", "phase: smaple", "there is no phase 'smaple'; declare it under phases"),
            ("center: a, phase: sample", "center: a", r"phases\.0: 'sample' has no cases; give cases `phase: sample`"),
            ("id: final", "id: sample", "'sample' is declared twice"),
            ("2026-10-01T00:00:00+02:00", "2026-08-01T00:00:00+02:00", "closes must be later than opens"),
            ("  scores: sealed\n", "", "sealed_until goes with scores: sealed"),
            ("requires:", "require:", "unknown key; did you mean requires?"),
        ],
    )
    def test_it_is_told(self, phased: str, old: str, new: str, sentence: str) -> None:
        with pytest.raises(ChallengeError, match=sentence):
            parsed(phased.replace(old, new, 1))

    def test_a_ranking_that_counts_what_a_phase_does_not_have_is_told_with_the_phase(self, phased: str) -> None:
        leaf = {"of": "heart.dsc", "scale": {"by": "linear", "worst": 0, "best": 1}}
        ranking: dict[str, Any] = {"scheme": "custom", "tree": {"combine": "mean", "children": [leaf]}}
        whole = phased + yaml.safe_dump({"ranking": ranking})
        with pytest.raises(ChallengeError, match=r"phases\.0: the ranking counts heart\.dsc, and 'sample' has no case of that"):
            parsed(whole)
