"""What everybody sees of a submission: the board's line, and what its team says of it where it does."""

from __future__ import annotations

from html import unescape
from typing import Any

import phased_world
import pytest
from submission_visitor import page, send, text

from sonobench_platform.db.models import SubmissionRow

WORDS = {"show": "yes", "summary": "A <script>U-Net</script>", "paper_url": "https://example.org/paper", "code_url": ""}


class TestThePublicFace:
    def test_without_the_teams_word_it_is_the_boards_line_and_no_more(self, world: Any) -> None:
        submission_id = world.scored("A")
        shown = text(world.anyone, submission_id)
        assert "It is ranked 1 of 1" in shown
        for private in ("Download the evaluation", "The way here", "sha256:", "What the team says", "csrf_token"):
            assert private not in shown, private

    def test_one_that_is_on_no_board_has_none(self, world: Any) -> None:
        waiting = world.queued("A")
        assert page(world.anyone, waiting).status_code == 303
        assert page(world.team("B"), waiting).status_code == 404

    def test_a_board_that_is_not_shown_shows_no_submission(self, world: Any) -> None:
        phased_world.with_rules(world, scores="own")
        submission_id = phased_world.scored(world, "A")
        assert page(world.anyone, submission_id).status_code == 303
        assert page(world.team("B"), submission_id).status_code == 404

    def test_a_team_says_what_everybody_reads(self, world: Any) -> None:
        submission_id = world.scored("A")
        assert send(world.team("A"), submission_id, "public", **WORDS).status_code == 303
        shown = page(world.team("B"), submission_id).text
        assert "A &lt;script&gt;U-Net&lt;/script&gt;" in shown
        assert '<a href="https://example.org/paper" rel="nofollow noopener noreferrer">' in shown
        assert "sha256:" in shown

    def test_what_it_does_not_show_nobody_reads(self, world: Any) -> None:
        submission_id = world.scored("A")
        hidden = {name: value for name, value in WORDS.items() if name != "show"}
        assert send(world.team("A"), submission_id, "public", **hidden).status_code == 303
        assert "U-Net" not in text(world.anyone, submission_id)
        assert "U-Net" in text(world.team("A"), submission_id)

    @pytest.mark.parametrize(
        "address", ["http://example.org", "javascript:alert(1)", "https://user@example.org", "https://localhost", "//x.org", "x"]
    )
    def test_an_address_that_is_not_https_is_refused_and_what_was_typed_stays(self, world: Any, address: str) -> None:
        submission_id = world.scored("A")
        refused = send(world.team("A"), submission_id, "public", **{**WORDS, "paper_url": address})
        assert refused.status_code == 422
        assert "The paper's address" in unescape(refused.text)
        assert "U-Net" in refused.text
        with world.platform.core.database.read() as session:
            assert session.get_one(SubmissionRow, submission_id).paper_url is None

    def test_an_organizer_may_hide_it_and_no_more(self, world: Any) -> None:
        submission_id = world.scored("A")
        assert send(world.team("A"), submission_id, "public", **WORDS).status_code == 303
        url = f"/api/v1/submissions/{submission_id}/public"
        assert world.organiser.put(url, json={"show": True, "summary": "theirs"}).status_code == 403
        assert world.organiser.put(url, json={"show": False}).status_code == 200
        assert "U-Net" not in text(world.anyone, submission_id)

    def test_its_own_team_can_look_at_it(self, world: Any) -> None:
        submission_id = world.scored("A")
        assert "This is what everybody sees" in text(world.team("A"), submission_id, "?face=public")


class TestUnderAliases:
    def test_a_team_finds_its_place_and_the_public_finds_no_page(self, world: Any) -> None:
        phased_world.with_rules(world, names="aliases")
        submission_id = phased_world.scored(world, "Sunrise")
        shown = text(world.team("Sunrise"), submission_id)
        assert "It is on the board as Team " in shown
        assert "See the public page" not in shown
        assert send(world.team("Sunrise"), submission_id, "public", **WORDS).status_code == 303
        assert page(world.anyone, submission_id).status_code == 303
        assert page(world.team("B"), submission_id).status_code == 404

    def test_an_earlier_submission_says_which_one_counts(self, world: Any) -> None:
        first, second = phased_world.scored(world, "A"), phased_world.scored(world, "A")
        assert f"another one of the team's submissions, {second}, ranked 1 of 1" in text(world.team("A"), first)
