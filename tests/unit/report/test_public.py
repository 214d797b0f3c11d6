from __future__ import annotations

from boards import board, column
from chart_world import score
from ranking_world import make_world

from sonobench_eval.evaluation import CenterScore, GeneralisationGap, MetricScore
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.ranking.leaderboard import Row, TaskColumn
from sonobench_eval.report.paper_tables import board_tables, evaluation_tables
from sonobench_eval.report.public import is_held_back, public_board, public_entry

NEAR = CenterScore(id="Near", role="internal", metrics=(score("dsc", 0.75, n=12),))
FAR = CenterScore(id="Far", role="external", metrics=(score("dsc", 0.5, n=6),))
INTERNAL, EXTERNAL = (part.model_copy(update={"id": part.role}) for part in (NEAR, FAR))
GAP = GeneralisationGap(metric="dsc", value=-0.25)
FEW = "too few: 6 cases, fewer than 10"


def head() -> TaskColumn:
    return column("Head", "segmentation", score("dsc", 0.7, n=18), roles=(INTERNAL, EXTERNAL), gaps=(GAP,))


def entry() -> Entry:
    scored = make_world({"A": 1.0}, cases=18).entries[0]
    parts = {"centers": (NEAR, FAR), "roles": (INTERNAL, EXTERNAL), "gaps": (GAP,)}
    task = scored.evaluation.tasks[0].model_copy(update={"metrics": (score("dsc", 0.7, n=18),), **parts})
    return Entry("A", scored.evaluation.model_copy(update={"tasks": (task,)}))


def row() -> Row:
    return Row(rank=1, team="A", score=0.5, performance=0.5, efficiency=None, tasks=(head(),))


class TestPublicBoard:
    def test_a_role_of_few_cases_has_no_figures_and_says_why(self) -> None:
        task = public_board(board(row()), fewest_cases=10).rows[0].tasks[0]
        assert task.roles[0] == INTERNAL
        held_back = task.roles[1].metrics[0]
        assert (held_back.value, held_back.ci_low, held_back.ci_high, held_back.undefined) == (None, None, None, FEW)

    def test_the_gap_goes_too_for_it_would_tell_the_role(self) -> None:
        assert public_board(board(row()), fewest_cases=10).rows[0].tasks[0].gaps == ()

    def test_as_many_cases_as_the_fewest_are_enough(self) -> None:
        assert public_board(board(row()), fewest_cases=6) == board(row())

    def test_what_is_held_back_can_be_read_again(self) -> None:
        public = public_board(board(row()), fewest_cases=10)
        assert type(public).from_json(public.to_json()) == public

    def test_the_table_of_roles_names_it_below(self) -> None:
        tables = board_tables(public_board(board(row()), fewest_cases=10))
        roles = next(each for each in tables if each.name == "roles-Head")
        assert [each.name for each in roles.columns] == ["rank", "team", "dsc_internal"]
        assert roles.notes == (f"external: {FEW}.",)


class TestPublicEntry:
    def test_the_table_of_centers_names_a_small_one_without_figures(self) -> None:
        table = next(iter(evaluation_tables([public_entry(entry(), fewest_cases=10)])))
        assert [line[1] for line in table.rows] == ["Near", "Far"]
        assert [line[3].value for line in table.rows] == [0.75, None]  # type: ignore[union-attr]
        assert table.notes == (f"Far: {FEW}.",)

    def test_roles_and_gaps_are_held_back_alike(self) -> None:
        task = public_entry(entry(), fewest_cases=10).evaluation.tasks[0]
        assert (task.roles[1].metrics[0].undefined, task.gaps) == (FEW, ())

    def test_as_many_cases_as_the_fewest_are_enough(self) -> None:
        assert public_entry(entry(), fewest_cases=6) == entry()


class TestIsHeldBack:
    def test_only_what_is_of_too_few_cases(self) -> None:
        few = MetricScore(name="auc", definition="auc", value=None, n=6, units=6, undefined=FEW)
        other = few.model_copy(update={"undefined": "there is one class only"})
        assert [is_held_back(each) for each in (few, other, score("auc", 0.5), None)] == [True, False, False, False]
