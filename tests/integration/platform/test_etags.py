"""`ETag` and `If-Match`: of two organisers who change the same thing, neither undoes the other unseen."""

from __future__ import annotations

from typing import Any

import pytest

URL = "/api/v1/challenges/tiny"


def _tag(world: Any) -> str:
    return str(world.organiser.get(URL).headers["ETag"])


class TestReading:
    def test_the_tag_changes_with_what_is_shown_and_only_then(self, world: Any) -> None:
        before = _tag(world)
        world.clock.advance(minutes=5)
        assert _tag(world) == before
        assert world.organiser.post(f"{URL}/close").status_code == 200
        assert _tag(world) != before

    @pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
    def test_who_has_this_version_is_sent_nothing(self, world: Any, form: str) -> None:
        answer = world.anyone.get(URL, headers={"If-None-Match": form.format(_tag(world))})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == _tag(world)

    def test_who_has_another_is_sent_it(self, world: Any) -> None:
        assert world.anyone.get(URL, headers={"If-None-Match": '"other"'}).status_code == 200


class TestChanging:
    @pytest.mark.parametrize("verb", ["close", "open", "hide", "show"])
    def test_what_was_changed_meanwhile_is_not_changed_again(self, world: Any, verb: str) -> None:
        seen = _tag(world)
        world.organiser.post(f"{URL}/close")
        now = _tag(world)
        answer = world.organiser.post(f"{URL}/{verb}", headers={"If-Match": seen})
        assert (answer.status_code, answer.json()["code"]) == (412, "changed-meanwhile")
        assert _tag(world) == now

    @pytest.mark.parametrize("form", ["{}", '"other", {}', "*"])
    def test_what_is_as_it_was_read_is_changed(self, world: Any, form: str) -> None:
        assert world.organiser.post(f"{URL}/close", headers={"If-Match": form.format(_tag(world))}).status_code == 200
        assert world.organiser.get(URL).json()["open"] is False

    def test_a_weak_tag_never_matches(self, world: Any) -> None:
        assert world.organiser.post(f"{URL}/close", headers={"If-Match": f"W/{_tag(world)}"}).status_code == 412

    def test_without_the_header_it_is_changed_whatever_it_was(self, world: Any) -> None:
        assert world.organiser.post(f"{URL}/close").status_code == 200

    def test_who_may_not_change_it_learns_nothing_of_its_version(self, world: Any) -> None:
        assert world.team("A").post(f"{URL}/close", headers={"If-Match": '"x"'}).status_code == 403
