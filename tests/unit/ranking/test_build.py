from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from sonobench_eval.challenge.model import Challenge, Ranking
from sonobench_eval.ranking.build import BoardError, Entry, build_leaderboard
from sonobench_eval.ranking.leaderboard import Leaderboard

MakeEntry = Callable[..., Entry]
NOW = datetime(2026, 1, 2, tzinfo=UTC)
DATASET = "sha256:data"


def scores(dsc: float | None, auc: float | None) -> dict[tuple[str, str], float | None]:
    return {("Head", "dsc"): dsc, ("Head", "nsd"): dsc, ("Breast", "auc"): auc, ("Breast", "f1"): 0.5}


def board(challenge: Challenge, entries: Sequence[Entry]) -> Leaderboard:
    return build_leaderboard(challenge, entries, dataset_hash=DATASET, generated_at=NOW)


class TestBuildLeaderboard:
    def test_ranks_by_what_was_scored_and_measured(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        # A leads both parts, B is faster: 0.7 * 1 + 0.3 * 0 against 0.7 * 0 + 0.3 * 1 (memory without spread is left at 1).
        made = board(
            challenge,
            [
                make_entry("B", scores(0.5, 0.5), time_s=1.0, gpu_memory_bytes=7, host_memory_bytes=3, submission="s-1"),
                make_entry("A", scores(0.9, 0.9), time_s=2.0, gpu_memory_bytes=7),
            ],
        )
        assert [(row.rank, row.team, row.score) for row in made.rows] == [
            (1, "A", pytest.approx(0.7 + 0.3 * 0.5)),
            (2, "B", pytest.approx(0.3)),
        ]
        second = made.rows[1]
        assert (second.segmentation_rank, second.classification_rank) == (2, 2)
        assert (second.time_s, second.gpu_memory_bytes, second.host_memory_bytes, second.submission) == (1.0, 7, 3, "s-1")
        assert [task.id for task in second.tasks] == ["Head", "Breast"]
        assert second.means[0].name == "dsc"
        assert (made.cases, made.centers, made.external_centers, made.generated_at) == (2, 2, 1, NOW)

    def test_only_metrics_that_the_challenge_ranks_count(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        better_f1 = {**scores(0.5, 0.5), ("Breast", "f1"): 1.0}
        made = board(challenge, [make_entry("A", scores(0.5, 0.5)), make_entry("B", better_f1)])
        assert [row.rank for row in made.rows] == [1, 1]

    def test_counts_cases_without_a_usable_result_but_not_empty_masks(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        assert board(challenge, [make_entry("A", scores(0.5, 0.5))]).rows[0].problems == 1

    def test_nothing_measured_for_anybody_is_dropped_and_said(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        made = board(challenge, [make_entry("A", scores(0.9, 0.9), time_s=1.0), make_entry("B", scores(0.5, 0.5), time_s=2.0)])
        assert [each.dimension for each in made.dropped] == ["GPU memory"]
        assert (made.performance_weight, made.efficiency_weight) == (0.7, 0.3)
        assert "efficiency is time alone" in made.notes[0]

    def test_measured_for_some_only_shows_teams_without_ranks(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        entries = [make_entry("b", scores(0.9, 0.9), time_s=1.0, offsets=[0.0]), make_entry("A", scores(0.5, 0.5), offsets=[0.0])]
        made = board(challenge, entries)
        assert [(row.rank, row.team, row.rank_low, row.performance) for row in made.rows] == [
            (None, "A", None, 0.0),
            (None, "b", None, 1.0),
        ]
        assert made.notes == ("There is no ranking: time was not measured for A, but for other teams it was.",)

    def test_a_metric_without_a_value_for_anybody_does_not_count(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        made = board(challenge, [make_entry("A", scores(0.5, None)), make_entry("B", scores(0.9, None))])
        assert [(row.rank, row.team, row.classification_rank) for row in made.rows] == [(1, "B", None), (2, "A", None)]
        assert (made.dropped[0].dimension, made.dropped[0].reason) == ("AUC of Breast", "it has no value (one class only)")
        assert "AUC of Breast does not count: it has no value (one class only)." in made.notes

    def test_a_metric_without_a_value_for_one_team_ranks_it_last_there(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        made = board(challenge, [make_entry("A", scores(0.5, None)), make_entry("B", scores(0.5, 0.1))])
        assert [(row.team, row.classification_rank) for row in made.rows] == [("B", 1), ("A", 2)]
        assert "AUC of Breast has no value for A, which ranks last in it." in made.notes

    def test_a_task_without_ranked_metrics_is_named(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        seg_only = challenge.model_copy(update={"ranking": Ranking(classification_metrics=())})
        made = build_leaderboard(seg_only, [], dataset_hash=DATASET, generated_at=NOW)
        assert "Task Breast does not count: it declares none of the metrics that are ranked." in made.notes

    def test_without_entries_there_is_an_empty_board(self, challenge: Challenge) -> None:
        made = board(challenge, [])
        assert (made.rows, made.dropped, made.notes) == ((), (), ())

    def test_is_the_same_after_a_round_trip_through_json(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        made = board(challenge, [make_entry("A", scores(0.9, 0.9), offsets=[0.0, 0.1])])
        assert Leaderboard.from_json(made.to_json()) == made


class TestRankRanges:
    def test_come_from_paired_replicates(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        first = make_entry("A", scores(0.5, 0.5), offsets=[0.0, 0.0, 0.0, 0.0])
        second = make_entry("B", scores(0.4, 0.4), offsets=[0.0, 0.0, 0.2, 0.2])
        third = make_entry("C", scores(0.1, 0.1), offsets=[0.0, 0.1, 0.0, 0.1])
        made = board(challenge, [first, second, third])
        assert [(row.rank, row.rank_low, row.rank_high) for row in made.rows] == [(1, 1, 2), (2, 1, 2), (3, 3, 3)]

    def test_are_left_out_with_a_reason_where_replicates_are_missing(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        made = board(challenge, [make_entry("A", scores(0.9, 0.9), offsets=[0.0]), make_entry("B", scores(0.5, 0.5))])
        assert {row.rank_low for row in made.rows} == {None}
        assert "Rank ranges are not shown: there are no bootstrap replicates for B." in made.notes

    def test_say_how_many_resamples_they_rest_on(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        nan = float("nan")
        entries = [make_entry(team, scores(0.5, 0.5), offsets=[0.0, nan]) for team in "AB"]
        assert "Rank ranges come from 1 of 2 resamples; in the others a metric has no value." in board(challenge, entries).notes

    def test_are_not_shown_where_no_resample_can_be_ranked(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        made = board(challenge, [make_entry("A", scores(0.5, 0.5), offsets=[float("nan")])])
        assert made.rows[0].rank_low is None
        assert "Rank ranges are not shown: in no resample does every metric have a value." in made.notes

    def test_are_not_shown_where_a_task_has_a_single_subject(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        # Every resample of one subject is that subject: ranges of one rank each would look like certainty.
        entries = [
            make_entry("A", scores(0.9, 0.9), offsets=[0.0], units=1),
            make_entry("B", scores(0.5, 0.5), offsets=[0.0], units=1),
        ]
        made = board(challenge, entries)
        assert [(row.rank, row.rank_low, row.rank_high) for row in made.rows] == [(1, None, None), (2, None, None)]
        assert "Rank ranges are not shown: a single subject or case is all there is to resample in Head, Breast." in made.notes

    def test_replicates_of_different_lengths_are_refused(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        entries = [make_entry("A", scores(0.9, 0.9), offsets=[0.0]), make_entry("B", scores(0.5, 0.5), offsets=[0.0, 0.1])]
        with pytest.raises(BoardError, match="do not fit together"):
            board(challenge, entries)


class TestSameGround:
    def test_an_evaluation_on_another_data_set_is_refused(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        with pytest.raises(BoardError, match="team 'A' was made on another data set; score its results again"):
            board(challenge, [make_entry("A", scores(0.9, 0.9), dataset="sha256:other")])

    def test_an_evaluation_of_another_version_of_the_challenge_is_refused(
        self, challenge: Challenge, make_entry: MakeEntry
    ) -> None:
        changed = challenge.model_copy(update={"description": "changed"})
        with pytest.raises(BoardError, match="team 'A' belongs to another version of the challenge"):
            board(changed, [make_entry("A", scores(0.9, 0.9))])

    def test_two_entries_of_one_team_are_refused(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        with pytest.raises(BoardError, match="team 'A' has two entries"):
            board(challenge, [make_entry("A", scores(0.9, 0.9)), make_entry("A", scores(0.1, 0.1))])


class TestWhileOpen:
    def test_ranks_use_the_rounded_times_and_memory(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        # Both are nearest to the step 1.01^232 = e^2.308477 = 10.0591 s, so that they share a rank.
        entries = [
            make_entry("A", scores(0.5, 0.5), time_s=10.03, gpu_memory_bytes=1, host_memory_bytes=5),
            make_entry("B", scores(0.5, 0.5), time_s=10.05, gpu_memory_bytes=2**26, host_memory_bytes=None),
        ]
        assert [row.rank for row in board(challenge, entries).rows] == [1, 2]
        later = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
        made = build_leaderboard(challenge, entries, dataset_hash=DATASET, generated_at=later, exact=False)
        assert [(row.rank, row.time_s, row.gpu_memory_bytes) for row in made.rows] == [(1, 10.0591, 2**26)] * 2
        assert [row.host_memory_bytes for row in made.rows] == [2**26, None]
        assert made.rows[0].score == made.rows[1].score
        assert (made.exact, made.generated_at) == (False, datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
        assert made.notes[-1].startswith(
            "Times are shown to 1 % and memory to the next 64 MiB (67 MB) until the challenge closes"
        )

    def test_an_exact_board_says_nothing_of_it(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        made = board(challenge, [make_entry("A", scores(0.5, 0.5), time_s=10.03)])
        assert (made.exact, made.rows[0].time_s) == (True, 10.03)
        assert not any("1 %" in note for note in made.notes)

    def test_a_challenge_without_references_ranks_alike(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        entries = [make_entry("A", scores(0.9, 0.9)), make_entry("B", scores(0.5, 0.5))]
        whole = board(challenge, entries)
        public = build_leaderboard(
            challenge.without_references(),
            entries,
            dataset_hash=DATASET,
            generated_at=NOW,
            definition_hash=whole.challenge_hash,
        )
        assert public == whole


class TestPseudonyms:
    def test_a_board_of_runs_under_pseudonyms_says_nothing_of_names(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        made = board(challenge, [make_entry("A", scores(0.9, 0.9))])
        assert made.pseudonyms is True
        assert not any("names" in note for note in made.notes)

    def test_a_challenge_without_them_says_so_even_before_anybody_is_scored(self, challenge: Challenge) -> None:
        made = board(challenge.model_copy(update={"pseudonyms": False}), [])
        assert made.pseudonyms is False
        assert any(note.startswith("Algorithms were given the cases' own names, order and headers") for note in made.notes)

    def test_answers_given_without_them_are_named(self, challenge: Challenge, make_entry: MakeEntry) -> None:
        made = board(challenge, [make_entry("A", scores(0.9, 0.9)), make_entry("B", scores(0.5, 0.5), pseudonyms=False)])
        assert made.pseudonyms is False
        assert "The answers of B were given under the cases' own names, without pseudonyms." in made.notes

    def test_a_board_that_does_not_speak_of_them_promises_nothing(self, challenge: Challenge) -> None:
        document = board(challenge, []).model_dump(mode="json", by_alias=True)
        del document["pseudonyms"]
        assert Leaderboard.model_validate(document).pseudonyms is False
