"""The desk's list of submissions, and what is done to many at once: looked at first, done once, reported one by one."""

from __future__ import annotations

from typing import Any

import pytest
from desk_visitor import DeskVisitor, at_desk
from phased_world import in_two_phases, scored
from platform_people import audited, make_organiser
from platform_world import write_challenge
from sqlalchemy import update

from sonobench_platform.db.models import SubmissionRow, TeamRow
from sonobench_platform.domain.ids import new_id

DESK = "/desk/challenges/tiny"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture
def olga(world: Any) -> DeskVisitor:
    return at_desk(world, make_organiser(world, "olga"))


def listed(visitor: DeskVisitor, query: str = "") -> list[str]:
    """The ids that the list shows, in its order."""
    assert visitor.open(f"{DESK}/submissions{query}").status_code == 200
    forms = [each for each in visitor.forms() if each.action.endswith("/check")]
    return [value for each in forms for name, value in each.boxes if name == "submission"]


def look(visitor: DeskVisitor, act: str, *ids: str, **typed: str) -> Any:
    """Check these, and look at what `act` would do to them."""
    listed(visitor)
    return visitor.submit("/submissions/check", list(ids), act=act, **typed)


class TestTheList:
    def test_it_shows_the_newest_first_with_how_many_there_are(self, world: Any, olga: DeskVisitor) -> None:
        first, second = world.scored("A"), world.queued("B")
        assert listed(olga) == [second, first]
        assert "2 submissions" in olga.page.text
        assert "Waits for a node" in olga.page.text

    def test_each_filter_leaves_what_it_says(self, world: Any, olga: DeskVisitor) -> None:
        done, waiting = world.scored("Alpha"), world.queued("Beta")
        digest = world.submission(waiting)["image"]["digest"]
        wanted = {
            "?state=scored": [done],
            "?state=under-way": [waiting],
            "?team=alph": [done],
            "?team=ALPHA": [done],
            f"?image={digest[7:20]}": [waiting],
            f"?q={done[4:12]}": [done],
            "?q=beta": [waiting],
            "?phase=test": [waiting, done],
            "?phase=none": [],
            "?cause=crashed": [],
            "?out=yes": [],
            "?since=2000-01-01&until=2100-01-01": [waiting, done],
            "?since=2100-01-01": [],
            "?until=2000-01-01": [],
            "?order=oldest": [done, waiting],
            "?order=team": [done, waiting],
        }
        assert {query: listed(olga, query) for query in wanted} == wanted

    @pytest.mark.parametrize(
        "query",
        ["?team=%25", "?q=_", "?q=%00", "?q=%ED%A0%80", "?page=x", "?page=99999999999", "?order=%27", "?since=0001-01-01"],
    )
    def test_odd_words_find_nothing_or_are_left_out(self, world: Any, olga: DeskVisitor, query: str) -> None:
        world.scored("A")
        assert set(listed(olga, f"?{query}")) <= {
            each["id"] for each in world.organiser.get("/api/v1/submissions").json()["items"]
        }
        assert olga.page.status_code == 200

    def test_the_form_says_what_is_filtered(self, world: Any, olga: DeskVisitor) -> None:
        world.scored("A")
        listed(olga, "?state=scored&team=A&order=oldest")
        form = olga.form_to("/submissions")
        assert (form.method, form.values("state"), form.values("team")) == ("get", ["scored"], ["A"])
        assert form.values("order") == ["oldest"]
        assert 'aria-sort="ascending"' in olga.page.text

    def test_a_long_list_comes_in_parts(self, world: Any, olga: DeskVisitor) -> None:
        copies(world, world.create("A")["id"], 59)
        first = listed(olga)
        assert "1 to 50 of 60" in olga.page.text
        second = listed(olga, "?page=2")
        assert "51 to 60 of 60" in olga.page.text
        assert len({*first, *second}) == len(first) + len(second) == 60

    def test_more_than_can_be_done_at_once_are_refused(self, world: Any, olga: DeskVisitor) -> None:
        copies(world, world.create("A")["id"], 100)
        for act, most in (("rerun", 100), ("disqualify", 25)):
            listed(olga)
            answer = olga.submit("/submissions/check", [], act=act, scope="matching")
            assert answer.status_code == 422
            assert f"more than {most}," in answer.text

    def test_hostile_names_and_notes_are_text(self, world: Any, olga: DeskVisitor) -> None:
        world.create("A", note="<b>x</b>")
        with world.platform.core.database.write() as work:
            work.session.execute(update(TeamRow).values(name=HOSTILE + "\u202e", name_key="x"))
        page = olga.open(f"{DESK}/submissions").text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "\u202e" not in page
        assert "&lt;b&gt;x" in page


def copies(world: Any, submission_id: str, number: int) -> None:
    """As many further submissions as the one there is, straight in the database."""
    with world.platform.core.database.write() as work:
        one = work.session.get_one(SubmissionRow, submission_id)
        cells = {column.name: getattr(one, column.name) for column in SubmissionRow.__table__.columns}
        work.session.add_all(SubmissionRow(**{**cells, "id": new_id("sub")}) for _ in range(number))


class TestLookingFirst:
    def test_it_says_to_which_and_to_which_not_and_why(self, world: Any, olga: DeskVisitor) -> None:
        done, waiting = world.scored("A"), world.queued("B")
        page = look(olga, "rerun", done, waiting).text
        assert "Run again: 1 submission" in page
        assert f"Submission {waiting} is queued; only a scored or failed one can be run again." in page
        assert olga.form_to("/do").values("submission") == [done]
        assert (world.state(done), audited(world)[-1] == "submission.rerun") == ("scored", False)

    def test_it_tells_what_running_again_costs(self, world: Any, olga: DeskVisitor) -> None:
        # One run of 12.5 s on a phase without GPUs: 12.5 / 60 = 0.2 minutes.
        page = look(olga, "rerun", world.scored("A")).text
        assert "about 0.2 minutes of a node, and no GPU" in page

    def test_all_that_match_are_those_of_the_filter(self, world: Any, olga: DeskVisitor) -> None:
        done, other = world.scored("Alpha"), world.scored("Beta")
        listed(olga, "?team=alpha")
        olga.submit("/submissions/check", [], act="rerun", scope="matching")
        assert olga.form_to("/do").values("submission") == [done]
        assert other not in olga.page.text

    def test_nothing_checked_is_said_on_the_list(self, world: Any, olga: DeskVisitor) -> None:
        world.scored("A")
        answer = look(olga, "rerun")
        assert answer.status_code == 422
        assert "Check the submissions that you mean" in answer.text
        assert 'role="alert"' in answer.text

    def test_another_challenges_submission_is_not_among_them(self, world: Any, olga: DeskVisitor) -> None:
        world.scored("A")
        world.platform.register_challenge(write_challenge(world.folder.parent / "other", name="other"))
        answer = world.team("A").post("/api/v1/challenges/other/submissions", json={"size_bytes": 10})
        foreign = answer.json()["submission"]["id"]
        listed(olga)
        action, token = olga.form_to("/check").action, olga.form_to("/check").values("csrf_token")[0]
        olga.sent_as = (action, [("csrf_token", token), ("act", "disqualify"), ("submission", foreign)])
        assert foreign not in olga.send_again().text


class TestDoing:
    def test_a_rerun_of_one_needs_a_reason_alone(self, world: Any, olga: DeskVisitor) -> None:
        done = world.scored("A")
        look(olga, "rerun", done)
        assert not olga.form_to("/do").values("confirm")
        answer = olga.submit("/do", reason="a node was slow")
        assert answer.status_code == 200
        assert "1 of 1 done." in answer.text
        assert "/done/" in olga.path
        assert world.state(done) == "queued"

    def test_without_a_reason_nothing_is_done(self, world: Any, olga: DeskVisitor) -> None:
        done = world.scored("A")
        look(olga, "rerun", done)
        for reason in ("", "ab", "a\u202eb", "x" * 1001):
            assert olga.submit("/do", reason=reason).status_code == 422
        assert world.state(done) == "scored"

    def test_disqualifying_asks_for_the_challenges_name(self, world: Any, olga: DeskVisitor) -> None:
        out = world.scored("A")
        look(olga, "disqualify", out)
        for wrong in ("", "Tiny", "tinyy"):
            answer = olga.submit("/do", reason="it read the labels", confirm=wrong)
            assert answer.status_code == 422
            assert "Type the name tiny" in answer.text
        assert "submission.disqualify" not in audited(world)
        assert olga.submit("/do", reason="it read the labels", confirm="tiny").status_code == 200
        assert world.submission(out)["disqualified"]["reason"] == "it read the labels"
        assert "it read the labels" in olga.open(f"{DESK}/submissions?out=yes").text

    def test_a_disqualified_one_is_ranked_again(self, world: Any, olga: DeskVisitor) -> None:
        out = world.scored("A")
        world.organiser.post(f"/api/v1/submissions/{out}/disqualify", json={"reason": "x"})
        look(olga, "reinstate", out)
        olga.submit("/do", reason="it was another one")
        assert world.submission(out)["disqualified"] is None

    def test_one_that_breaks_keeps_no_other_one_from_it(self, world: Any, olga: DeskVisitor) -> None:
        first, second, third = world.scored("A"), world.scored("B"), world.scored("C")
        look(olga, "rerun", first, second, third)
        world.team("B").post(f"/api/v1/submissions/{second}/withdraw")
        page = olga.submit("/do", reason="a node was slow").text
        assert "2 of 3 done." in page
        assert f"Submission {second} is withdrawn; only a scored or failed one can be run again." in page
        assert [world.state(each) for each in (first, second, third)] == ["queued", "withdrawn", "queued"]

    def test_a_mistake_of_the_server_is_reported_for_that_one_alone(
        self, world: Any, olga: DeskVisitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from sonobench_platform.runs import rerun

        first, second = world.scored("A"), world.scored("B")
        look(olga, "rerun", first, second)
        real = rerun.start_run

        def breaks(core: Any, work: Any, submission: Any, **options: Any) -> Any:
            made = real(core, work, submission, **options)
            if submission.id == first:
                raise RuntimeError("secret of the server")
            return made

        monkeypatch.setattr(rerun, "start_run", breaks)
        page = olga.submit("/do", reason="a node was slow").text
        assert "1 of 2 done." in page
        assert "secret of the server" not in page
        assert [world.state(each) for each in (first, second)] == ["scored", "queued"]

    def test_a_form_that_is_sent_twice_is_done_once(self, world: Any, olga: DeskVisitor) -> None:
        done = world.scored("A")
        look(olga, "rerun", done)
        olga.submit("/do", reason="a node was slow")
        report = olga.path
        assert olga.send_again().status_code == 200
        assert olga.path == report
        assert "1 of 1 done." in olga.page.text
        assert audited(world).count("submission.rerun") == 1

    def test_scoring_again_makes_one_rescoring_for_each_phase(self, world: Any, olga: DeskVisitor) -> None:
        in_two_phases(world)
        first, final = scored(world, phase="first"), scored(world, phase="final")
        look(olga, "rescore", first, final)
        page = olga.submit("/do", reason="the metric was mended").text
        assert "2 of 2 done." in page
        found = world.organiser.get("/api/v1/challenges/tiny/rescorings").json()["items"]
        assert sorted(each["phase"] for each in found) == ["final", "first"]

    def test_a_phase_that_is_being_scored_again_keeps_no_other_phase_from_it(self, world: Any, olga: DeskVisitor) -> None:
        in_two_phases(world)
        first, final = scored(world, phase="first"), scored(world, phase="final")
        body = {"reason": "before", "phase": "first"}
        assert world.organiser.post("/api/v1/challenges/tiny/rescorings", json=body).status_code == 202
        look(olga, "rescore", first, final)
        page = olga.submit("/do", reason="the metric was mended").text
        assert "1 of 2 done." in page
        assert "publish or drop it first" in page

    def test_more_than_ten_ask_for_the_challenges_name_whatever_is_done(self, world: Any, olga: DeskVisitor) -> None:
        ids = [world.scored(f"T{number}") for number in range(11)]
        look(olga, "rerun", *ids)
        assert olga.form_to("/do").values("confirm") == [""]
        assert olga.submit("/do", reason="a node was slow", confirm="no").status_code == 422
        assert "11 of 11 done." in olga.submit("/do", reason="a node was slow", confirm="tiny").text

    def test_a_report_is_its_askers_alone(self, world: Any, olga: DeskVisitor) -> None:
        look(olga, "rerun", world.scored("A"))
        olga.submit("/do", reason="a node was slow")
        other = at_desk(world, make_organiser(world, "oscar"))
        assert other.open(olga.path).status_code == 404
        assert olga.open(f"{DESK}/done/made-up-ticket-made-up").status_code == 404
