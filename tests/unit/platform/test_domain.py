"""The pure rules: states, fairness, which submission counts, pauses, names, identifiers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from sonobench_platform.domain.backoff import wait_before
from sonobench_platform.domain.canary import canary_limit_s
from sonobench_platform.domain.counting import Countable, last_scored
from sonobench_platform.domain.expecting import Need, Range, Slot, starts_in, told
from sonobench_platform.domain.fairness import Waiting, fair_order
from sonobench_platform.domain.ids import is_digest, is_id, new_id
from sonobench_platform.domain.states import DEADLINES, OPEN, TRANSITIONS, ForbiddenTransition, State, check_transition
from sonobench_platform.domain.text import clean_line, name_key

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

STEPS = {
    ("uploading", "checking"),
    ("uploading", "cancelled"),
    ("checking", "queued"),
    ("checking", "rejected"),
    ("checking", "failed"),
    ("checking", "cancelled"),
    ("queued", "running"),
    ("queued", "cancelled"),
    ("queued", "scored"),
    ("running", "scoring"),
    ("running", "queued"),
    ("running", "failed"),
    ("running", "cancelled"),
    ("running", "scored"),
    ("scoring", "queued"),
    ("scoring", "scored"),
    ("scoring", "failed"),
    ("scoring", "cancelled"),
    ("scored", "withdrawn"),
    ("scored", "queued"),
    ("failed", "queued"),
    ("failed", "scoring"),
}


class TestStates:
    @pytest.mark.parametrize(("origin", "target"), list(product(State, State)))
    def test_only_the_steps_of_the_table_are_allowed(self, origin: State, target: State) -> None:
        if (origin.value, target.value) in STEPS:
            check_transition(origin, target)
        else:
            with pytest.raises(ForbiddenTransition, match=f"from {origin} to {target}"):
                check_transition(origin, target)

    def test_every_open_state_has_a_deadline_and_no_end_has_one(self) -> None:
        assert set(DEADLINES) == OPEN

    def test_every_open_state_can_be_cancelled(self) -> None:
        assert all(State.CANCELLED in TRANSITIONS[state] for state in OPEN)

    def test_waiting_in_the_queue_or_for_scores_never_fails_a_team(self) -> None:
        assert DEADLINES[State.QUEUED].then == DEADLINES[State.SCORING].then == "alert"

    def test_what_a_team_has_withdrawn_cancelled_or_could_not_hand_in_stays_so(self) -> None:
        assert not TRANSITIONS[State.WITHDRAWN] | TRANSITIONS[State.CANCELLED] | TRANSITIONS[State.REJECTED]

    def test_every_state_is_reachable(self) -> None:
        reached = {State.UPLOADING}
        for _ in State:
            reached |= {target for state in reached for target in TRANSITIONS[state]}
        assert reached == set(State)


def _waiting(run: str, team: str, minute: int) -> Waiting:
    return Waiting(run, team, NOON + timedelta(minutes=minute))


class TestFairOrder:
    def test_oldest_first_between_teams_that_run_nothing(self) -> None:
        order = fair_order([_waiting("b", "B", 2), _waiting("a", "A", 1)], {})
        assert [each.run_id for each in order] == ["a", "b"]

    def test_ten_uploads_of_one_team_do_not_hold_up_another(self) -> None:
        flood = [_waiting(f"a{n}", "A", n) for n in range(10)]
        order = fair_order([*flood, _waiting("b", "B", 60)], {})
        assert [each.run_id for each in order][:3] == ["a0", "b", "a1"]

    def test_a_team_that_runs_already_waits_for_one_that_does_not(self) -> None:
        order = fair_order([_waiting("a", "A", 1), _waiting("b", "B", 2)], {"A": 1})
        assert [each.run_id for each in order] == ["b", "a"]

    def test_equal_ages_are_ordered_by_id_so_that_positions_are_stable(self) -> None:
        order = fair_order([_waiting("y", "A", 1), _waiting("x", "B", 1)], {})
        assert [each.run_id for each in order] == ["x", "y"]

    def test_nobody_is_lost(self) -> None:
        waiting = [_waiting(f"{team}{n}", team, n) for team in "ABC" for n in range(5)]
        assert sorted(each.run_id for each in fair_order(waiting, {"B": 3})) == sorted(each.run_id for each in waiting)

    def test_a_higher_priority_goes_first_and_what_it_takes_counts_for_fairness_below(self) -> None:
        urgent = [Waiting(f"u{n}", "A", NOON + timedelta(minutes=9), priority=5) for n in range(2)]
        order = fair_order([_waiting("a", "A", 1), _waiting("b", "B", 2), *urgent], {})
        assert [each.run_id for each in order] == ["u0", "u1", "b", "a"]


class TestExpectedStarts:
    def test_the_queue_is_played_through_on_the_slots_that_can_run_each(self) -> None:
        needs = [Need("a", 0, 100), Need("b", 1, 100), Need("c", 0, 50), Need("d", 0, 50)]
        assert starts_in(needs, [Slot(0, 0), Slot(1, 30)]) == {"a": 0, "b": 30, "c": 100, "d": 130}

    def test_behind_a_run_of_unknown_length_nothing_is_known(self) -> None:
        assert starts_in([Need("a", 0, None), Need("b", 0, 10)], [Slot(0, 5)]) == {"a": 5, "b": None}

    def test_without_a_slot_that_can_run_it_nothing_is_known(self) -> None:
        assert starts_in([Need("a", 1, 10)], [Slot(0, 0), Slot(1, None)]) == {"a": None}

    def test_it_is_told_in_coarse_steps_that_enclose_it(self) -> None:
        assert told({"a": 61, "b": 0}, {"a": 16 * 60, "b": 0}) == {"a": Range(1, 20), "b": Range(0, 0)}

    def test_what_lies_beyond_a_day_is_not_told(self) -> None:
        assert told({"a": 0, "b": 0}, {"a": 90_000, "b": None}) == {}


class TestCanaryLimit:
    def test_a_few_cases_get_time_to_start_but_never_more_than_all_of_them(self) -> None:
        assert canary_limit_s(60, cases=3, of=1000) == 60
        assert canary_limit_s(3600, cases=10, of=2479) == 300
        assert canary_limit_s(36_000, cases=100, of=1000) == 14_400
        assert canary_limit_s(3600, cases=100, of=50) == 3600


class TestLastScored:
    def test_of_each_team_the_one_handed_in_last(self) -> None:
        first = Countable("s1", "r1", "A", NOON)
        second = Countable("s2", "r2", "A", NOON + timedelta(seconds=1))
        other = Countable("s3", "r3", "B", NOON)
        assert last_scored([second, first, other]) == [second, other]

    def test_nothing_gives_nothing(self) -> None:
        assert last_scored([]) == []


class TestWaitBefore:
    def test_it_doubles_up_to_ten_minutes(self) -> None:
        assert [wait_before(tries).total_seconds() for tries in (1, 2, 3, 20)] == [15, 30, 60, 600]


class TestCleanLine:
    def test_spaces_are_trimmed_and_compatibility_forms_unified(self) -> None:
        assert clean_line("  Team   Ｕ\u00a0Vision ") == "Team U Vision"

    @pytest.mark.parametrize(
        "text", ["a\0b", "a\nb", "abc\u202edef", "zero\u200bwidth", "half\ud800pair", "\u3164", "\u2800", "Alpha\ufe0f"]
    )
    def test_what_cannot_be_seen_is_refused_by_its_code_point(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"U\+[0-9A-F]{4}"):
            clean_line(text)

    def test_names_that_differ_by_case_alone_are_the_same_name(self) -> None:
        assert name_key("Straße") == name_key("STRASSE")


class TestIds:
    def test_a_new_id_is_an_id_and_never_the_same(self) -> None:
        made = {new_id("sub") for _ in range(100)}
        assert len(made) == 100
        assert all(is_id(each) for each in made)

    @pytest.mark.parametrize("text", ["", "sub-", "../etc/passwd", "sub-aaaaaaaaaaaaaaaa\n", "SUB-AAAAAAAAAAAAAAAA"])
    def test_anything_else_is_none(self, text: str) -> None:
        assert not is_id(text)

    def test_a_digest_is_sha256_in_lower_case(self) -> None:
        assert is_digest(f"sha256:{'0a' * 32}")
        assert not is_digest(f"sha256:{'0A' * 32}")
        assert not is_digest(f"sha256:{'0a' * 32}/../x")
