"""Watching: one look for everybody, who is told what, how it ends, and how many may."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Coroutine, Mapping
from typing import Any

import pytest

from sonobench_platform.submissions.live import Seat, Stamp, Watching

LONG_S = 30.0
"""Only what never comes takes as long, however busy the machine is."""


class Looks:
    """Plays the database: what the stamps are, and who asked how often."""

    def __init__(self, **stamps: str) -> None:
        self.stamps = {name: Stamp(value, False) for name, value in stamps.items()}
        self.asked: list[set[str]] = []
        self.trouble: Exception | None = None

    async def __call__(self, submission_ids: Collection[str]) -> Mapping[str, Stamp]:
        self.asked.append(set(submission_ids))
        if self.trouble is not None:
            raise self.trouble
        return {name: stamp for name, stamp in self.stamps.items() if name in submission_ids}


def quick(looks: Looks, **options: Any) -> Watching:
    return Watching(looks, **{"every_s": 0.01, "still_here_s": 0.2, **options})


def seated(watching: Watching, submission_id: str, *, caller: str, seen: str = "") -> Seat:
    seat = watching.take(submission_id, caller=caller, seen=seen)
    assert seat is not None
    return seat


async def heard(events: AsyncIterator[bytes]) -> str:
    async with asyncio.timeout(LONG_S):
        return (await anext(events)).decode()


async def until_change(events: AsyncIterator[bytes]) -> str:
    """The next `change`, whatever comments come before it."""
    while "event: change" not in (said := await heard(events)):
        pass
    return said


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


class TestChanges:
    def test_what_changed_since_the_page_was_made_is_told_at_once(self) -> None:
        async def test() -> None:
            watching = quick(Looks(a="new"))
            events = watching.events(seated(watching, "a", caller="ann", seen="old"))
            assert "retry: 3000" in await heard(events)
            assert await heard(events) == "id: new\nevent: change\ndata: new\n\n"

        run(test())

    def test_what_was_seen_already_is_not_told_again(self) -> None:
        async def test() -> None:
            looks = Looks(a="seen")
            watching = quick(looks, still_here_s=0.05)
            events = watching.events(seated(watching, "a", caller="ann", seen="seen"))
            await heard(events)
            assert await heard(events) == ": still here\n\n"
            looks.stamps["a"] = Stamp("next", False)
            assert "data: next" in await until_change(events)

        run(test())

    def test_after_the_end_nothing_more_comes(self) -> None:
        async def test() -> None:
            looks = Looks()
            looks.stamps["a"] = Stamp("last", True)
            watching = quick(looks)
            found = [event.decode() async for event in watching.events(seated(watching, "a", caller="ann", seen="old"))]
            assert found[1:] == ["id: last\nevent: change\ndata: last\n\n", "event: end\ndata: end\n\n"]

        run(test())

    def test_one_look_is_for_everybody(self) -> None:
        async def test() -> None:
            looks = Looks(a="1", b="1")
            watching = quick(looks, every_s=10.0)
            seats = [seated(watching, name, caller=f"{name}{number}") for name in "ab" for number in range(20)]
            for seat in seats:
                events = watching.events(seat)
                await heard(events)
                assert "data: 1" in await heard(events)
            assert looks.asked == [{"a", "b"}]

        run(test())

    def test_a_look_that_fails_is_made_again(self, caplog: pytest.LogCaptureFixture) -> None:
        async def test() -> None:
            looks = Looks(a="new")
            looks.trouble = RuntimeError("password=hunter2")
            watching = quick(looks)
            events = watching.events(seated(watching, "a", caller="ann", seen="old"))
            await heard(events)
            waiting = asyncio.create_task(until_change(events))
            await asyncio.sleep(0.05)
            looks.trouble = None
            assert "data: new" in await waiting

        run(test())
        assert "is tried again" in caplog.text
        assert "hunter2" not in caplog.text

    def test_where_nobody_looks_on_the_database_is_left_alone(self) -> None:
        async def test() -> None:
            looks = Looks(a="1")
            watching = quick(looks)
            seat = seated(watching, "a", caller="ann", seen="old")
            events = watching.events(seat)
            await heard(events)
            await heard(events)
            watching.leave(seat)
            await asyncio.sleep(0.05)
            before = len(looks.asked)
            await asyncio.sleep(0.1)
            assert len(looks.asked) == before

        run(test())


class TestEnds:
    def test_it_ends_at_once_when_the_server_does(self) -> None:
        async def test() -> None:
            watching = quick(Looks(a="1"), still_here_s=10 * LONG_S)
            events = watching.events(seated(watching, "a", caller="ann", seen="1"))
            await heard(events)
            asyncio.get_running_loop().call_later(0.05, watching.close)
            async with asyncio.timeout(LONG_S):
                assert [event async for event in events] == []

        run(test())

    def test_after_a_while_a_page_has_to_ask_again(self) -> None:
        async def test() -> None:
            watching = quick(Looks(a="1"), longest_s=0.1, still_here_s=0.03)
            events = watching.events(seated(watching, "a", caller="ann", seen="1"))
            async with asyncio.timeout(LONG_S):
                found = [event async for event in events]
            assert set(found[1:]) <= {b": still here\n\n"}

        run(test())


class TestHowMany:
    def test_one_caller_has_so_many_pages_and_gets_one_back(self) -> None:
        watching = quick(Looks(), most_each=2)
        first, _second = (seated(watching, "a", caller="ann") for _ in range(2))
        assert watching.take("b", caller="ann", seen="") is None
        seated(watching, "a", caller="ben")
        watching.leave(first)
        watching.leave(first)
        seated(watching, "b", caller="ann")
        assert watching.take("b", caller="ann", seen="") is None

    def test_all_together_have_so_many(self) -> None:
        watching = quick(Looks(), most=3)
        for number in range(3):
            seated(watching, "a", caller=str(number))
        assert watching.take("a", caller="another", seen="") is None
        assert len(watching) == 3

    def test_a_server_that_ends_takes_nobody_in(self) -> None:
        watching = quick(Looks())
        watching.close()
        assert watching.take("a", caller="ann", seen="") is None
