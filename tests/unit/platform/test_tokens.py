"""Tokens: recognisable, checked, kept only as a hash."""

from __future__ import annotations

import pytest

from sonobench_platform.accounts.tokens import TokenKind, digest, hint, is_well_formed, kind_of, mint


class TestTokens:
    @pytest.mark.parametrize(("kind", "prefix"), [("team", "sbt_"), ("organiser", "sbo_"), ("node", "sbn_"), ("person", "sbp_")])
    def test_a_token_says_its_kind(self, kind: str, prefix: str) -> None:
        token = mint(TokenKind(kind))
        assert token.startswith(prefix)
        assert kind_of(token) == kind
        assert is_well_formed(token)

    def test_no_two_are_the_same(self) -> None:
        assert len({mint(TokenKind.TEAM) for _ in range(100)}) == 100

    def test_a_mistyped_character_anywhere_is_noticed(self) -> None:
        token = mint(TokenKind.TEAM)
        for place, character in enumerate(token):
            other = "a" if character != "a" else "b"
            assert not is_well_formed(token[:place] + other + token[place + 1 :])

    @pytest.mark.parametrize("text", ["", "sbt_", "Bearer", "sbt_" + "é" * 60])
    def test_anything_else_is_no_token(self, text: str) -> None:
        assert not is_well_formed(text)

    def test_the_hash_and_the_hint_do_not_give_it_away(self) -> None:
        token = mint(TokenKind.NODE)
        assert len(digest(token)) == 64
        assert token not in digest(token)
        assert len(hint(token)) == 8
