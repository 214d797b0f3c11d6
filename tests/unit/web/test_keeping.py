"""What is kept is made once, and never more of it than there is room for."""

from __future__ import annotations

from sonobench_platform.web.keeping import Kept


class TestKept:
    def test_the_same_key_is_made_once(self) -> None:
        kept, made = Kept[int](2), list[int]()
        for _ in range(3):
            assert kept.get("a", lambda: made.append(1) or len(made)) == 1  # type: ignore[func-returns-value]

    def test_what_was_not_used_for_longest_goes(self) -> None:
        kept = Kept[str](2)
        for key in ("a", "b", "a", "c"):
            kept.get(key, lambda key=key: key)  # type: ignore[misc]
        assert len(kept) == 2
        assert kept.get("a", lambda: "made anew") == "a"
        assert kept.get("b", lambda: "made anew") == "made anew"

    def test_what_could_not_be_made_is_asked_for_again(self) -> None:
        kept = Kept[int](2)
        for answer in (None, 7):
            try:
                found = kept.get("a", lambda answer=answer: int(answer))  # type: ignore[arg-type,misc]
            except TypeError:
                found = 0
        assert found == 7
