"""What must hold of a what-if for any figures: names and order of teams do not matter, and the ends are the parts themselves."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from what_if_challenge import CHALLENGE
from what_if_world import board_of

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.ranking_rules import Ranking
from sonobench_eval.evaluation import Evaluation, MetricScore, Provenance, TaskScore
from sonobench_eval.ranking.entries import Entry
from sonobench_platform.leaderboards.what_if import Answer, Choice, answer
from sonobench_platform.leaderboards.what_if_ground import Ground, ground_of
from sonobench_platform.leaderboards.what_if_weights import turned

# Few different values, so that ties are met.
VALUES = st.sampled_from([0.0, 0.2, 0.5, 0.5000001, 0.8, 1.0])
TEAM = st.tuples(VALUES, VALUES, VALUES, st.sampled_from([1.0, 7.5, 60.0]), st.sampled_from([2**30, 2**33]))
TEAMS = st.lists(TEAM, min_size=1, max_size=6)
SHARES = st.one_of(st.none(), st.floats(0, 1))
FACTORS = st.dictionaries(
    st.sampled_from(["performance.segmentation", "performance.classification", "efficiency.time", "efficiency.gpu-memory"]),
    st.sampled_from([0.0, 0.5, 1.0, 2.0, 4.0]),
)
"""Multiples as the page's sliders give them."""
SCHEMES = st.sampled_from(["uusic25", "sonobench-70-30"])


def ground(teams: list[tuple[Any, ...]], names: list[str], scheme: str) -> Ground:
    challenge = CHALLENGE.model_copy(update={"ranking": Ranking.model_validate({"scheme": scheme})})
    entries = tuple(_entry(name, team, challenge) for name, team in zip(names, teams, strict=True))
    return ground_of(board_of(challenge, entries), challenge, definition_hash=challenge_hash(challenge))


def ranks(found: Answer) -> dict[str, int | None]:
    return {row.team: row.rank for row in found.result.rows}


class TestAnswers:
    @settings(max_examples=60, deadline=None)
    @given(TEAMS, SCHEMES, SHARES, FACTORS, st.randoms(use_true_random=False))
    def test_other_names_in_another_order_get_the_same_ranks(
        self, teams: list[Any], scheme: str, share: float | None, factors: dict[str, float], dice: Any
    ) -> None:
        choice = Choice(performance=share, factors=factors)
        names = [f"team {number}" for number in range(len(teams))]
        order = list(range(len(teams)))
        dice.shuffle(order)
        one = ranks(answer(ground(teams, names, scheme), choice, over_cases={}))
        renamed = [f"other {number}" for number in order]
        other = ranks(answer(ground([teams[at] for at in order], renamed, scheme), choice, over_cases={}))
        assert {f"other {name.removeprefix('team ')}": rank for name, rank in one.items()} == other

    @settings(max_examples=60, deadline=None)
    @given(TEAMS, SCHEMES)
    def test_all_for_performance_ranks_by_performance_and_nothing_chosen_is_official(self, teams: list[Any], scheme: str) -> None:
        board = ground(teams, [f"team {number}" for number in range(len(teams))], scheme)
        rows = answer(board, Choice(performance=1.0), over_cases={}).result.rows
        for row in rows:
            better = sum(round((other.performance or 0) - (row.performance or 0), 12) > 0 for other in rows)
            assert row.rank == better + 1
        assert ranks(answer(board, Choice(), over_cases={})) == board.ranks

    @given(SCHEMES, SHARES, FACTORS)
    def test_shares_of_every_group_sum_to_one(self, scheme: str, share: float | None, factors: dict[str, float]) -> None:
        tree = ground([(0.5, 0.5, 0.5, 1.0, 2**30)], ["one"], scheme).scheme.tree
        knobs = turned(tree, performance=share, factors=factors).knobs
        for parent in {knob.parent for knob in knobs}:
            assert abs(sum(knob.share for knob in knobs if knob.parent == parent) - 1) < 1e-9


def _entry(name: str, team: tuple[Any, ...], challenge: Any) -> Entry:
    dsc, auc, acc, time_s, memory = team
    values = {"Head": {"dsc": dsc}, "Breast": {"auc": auc, "acc": acc}}
    tasks = tuple(
        TaskScore(
            id=task.id,
            title=task.id,
            kind=task.kind,
            n=9,
            metrics=tuple(
                MetricScore(name=key, definition=key, value=value, n=9, units=9) for key, value in values[task.id].items()
            ),
        )
        for task in challenge.tasks
    )
    made_from = Provenance(
        challenge=challenge.name,
        challenge_hash=challenge_hash(challenge),
        dataset_hash="sha256:data",
        evaluator_version="0",
        engine="fast",
        resamples=0,
        confidence=0.95,
        seed=1,
    )
    return Entry(name, Evaluation(made_from=made_from, tasks=tasks, cases=()), time_s=time_s, gpu_memory_bytes=memory)
