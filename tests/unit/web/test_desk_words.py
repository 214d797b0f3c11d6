"""The desk's words: every state and every reason of the ledger has some, what is not known is told as it is."""

from __future__ import annotations

import pytest

from sonobench_eval.sandbox.failure import Blame, Category
from sonobench_platform.db.models import ChallengeRow
from sonobench_platform.desk.health import Part
from sonobench_platform.desk.waiting import InTrouble
from sonobench_platform.domain.errors import Unprocessable
from sonobench_platform.domain.quota import GivenBack
from sonobench_platform.domain.states import OPEN, State
from sonobench_platform.web import desk_words as words
from sonobench_platform.web.account_forms import Form
from sonobench_platform.web.desk_frame import confirmed, desk_page, reason_of
from sonobench_platform.web.desk_waiting_words import service_lines


class TestWords:
    def test_every_state_has_its_own(self) -> None:
        assert len({words.state_title(state) for state in State}) == len(State)
        assert {words.state_words(state).kind for state in OPEN} == {"now"}
        assert {words.state_words(state).kind for state in (State.FAILED, State.REJECTED)} == {"bad"}

    def test_every_cause_and_blame_of_a_run_has_some(self) -> None:
        assert len({words.cause_title(each) for each in Category}) == len(Category)
        assert "not known" not in {words.blame_words(each) for each in Blame}

    def test_a_cause_that_is_not_known_is_its_code_with_spaces(self) -> None:
        assert words.cause_title("too-many_layers") == "Too many layers"

    def test_every_reason_of_the_ledger_has_words(self) -> None:
        assert all(words.given_back_words(each) != each for each in GivenBack)
        assert words.given_back_words("something new") == "something new"

    @pytest.mark.parametrize(
        ("seconds", "said"),
        [(0.5, "0.5 s"), (12.5, "12.5 s"), (59.9, "59.9 s"), (60, "1 min"), (200, "3 min 20 s"), (3900, "1 h 5 min")],
    )
    def test_durations(self, seconds: float, said: str) -> None:
        assert words.duration_words(seconds) == said


class TestDangerousForms:
    @pytest.mark.parametrize("typed", ["", "Tiny", "tiny2", "tin y"])
    def test_another_name_does_not_confirm(self, typed: str) -> None:
        with pytest.raises(Unprocessable, match="Type the name tiny"):
            confirmed(Form({"confirm": typed}), "tiny")

    def test_the_name_confirms_with_spaces_around_it(self) -> None:
        confirmed(Form({"confirm": " tiny "}), "tiny")

    @pytest.mark.parametrize("typed", ["", "  ", "ab", "x" * 1001, "a\u202ebc", "a\x00bc"])
    def test_a_reason_that_cannot_be_kept_is_refused(self, typed: str) -> None:
        with pytest.raises(Unprocessable):
            reason_of(Form({"reason": typed}))

    def test_a_reason_is_one_clean_line(self) -> None:
        assert reason_of(Form({"reason": "  it  leaked "})) == "it leaked"


class TestTitles:
    def test_a_title_holds_no_direction_characters(self) -> None:
        page = desk_page("Teams", ChallengeRow(name="tiny", title="T\u202ex"))
        assert "\u202e" not in page.title
        assert [crumb.href for crumb in page.crumbs] == ["/desk", "/desk/challenges/tiny"]


class TestTheServer:
    WELL = (Part("database", True, "answers"),)
    NODES = InTrouble(silent=0, unsafe=0, known=2)

    def lines(self, **changes: object) -> list[str]:
        said = {"undelivered": 0, "undrawn": 0, "free_bytes": 30_000_000_000, "needed_bytes": 10_000_000_000}
        parts, nodes = changes.pop("parts", self.WELL), changes.pop("nodes", self.NODES)
        found = service_lines(parts, nodes, **{**said, **changes})  # type: ignore[arg-type]
        return [each.sentence for each in found]

    def test_where_all_is_well_nothing_is_said(self) -> None:
        assert self.lines() == []

    def test_a_disk_is_nearly_full_below_twice_what_uploads_must_leave(self) -> None:
        assert self.lines(free_bytes=20_000_000_000) == []
        (said,) = self.lines(free_bytes=19_900_000_000)
        assert "19.9 GB are free, and uploads must leave 10.0 GB" in said

    def test_each_trouble_has_its_sentence(self) -> None:
        said = self.lines(
            parts=(Part("store", False, "cannot be written"),),
            nodes=InTrouble(1, 2, 3),
            undelivered=4,
            undrawn=1,
            free_bytes=None,
        )
        assert len(said) == 5
        assert said[0] == "The store cannot be written."

    def test_what_asks_something_ends_with_its_question(self) -> None:
        sweep = Part("sweep", False, "has not run yet; is a score worker up?")
        assert self.lines(parts=(sweep,)) == ["The sweep has not run yet; is a score worker up?"]
