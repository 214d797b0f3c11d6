"""What a team may say in public: one line of plain text, and addresses that are what they look like."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sonobench_platform.submissions.public_face import LONGEST_SUMMARY, LONGEST_URL, PublicWords


class TestTheSummary:
    def test_line_breaks_of_a_text_field_become_spaces(self) -> None:
        assert PublicWords(summary="A U-Net.\r\n\r\n  Five folds. ").summary == "A U-Net. Five folds."

    @pytest.mark.parametrize("empty", ["", "  \n ", None])
    def test_an_empty_one_is_none(self, empty: str | None) -> None:
        assert PublicWords(summary=empty).summary is None

    @pytest.mark.parametrize("text", ["a\u202eb", "a\u200bb", "a\x07b", "x" * (LONGEST_SUMMARY + 1)])
    def test_what_cannot_be_seen_or_is_too_long_is_refused(self, text: str) -> None:
        with pytest.raises(ValidationError):
            PublicWords(summary=text)


class TestAddresses:
    @pytest.mark.parametrize("address", ["https://example.org", "https://arxiv.org/abs/2501.1?v=2#s", "https://x.org:8443/a%20b"])
    def test_one_that_is_https_is_kept_as_it_is(self, address: str) -> None:
        assert PublicWords(paper_url=address).paper_url == address

    @pytest.mark.parametrize(
        "address",
        [
            *("http://example.org", "HTTP://example.org", "ftp://example.org", "javascript:alert(1)", "data:text/html,x"),
            *("//example.org", "example.org", "https://", "https://localhost", "https://.", "https:///example.org"),
            *("https://example.org@evil.org", "https://a:b@evil.org", "https://example.org\\@evil.org", "https://ex ample.org"),
            *("https://ex\u0430mple.org", "https://example.org/\u202e", "https://example.org/\x00", "https://[::1"),
            "https://example.org/" + "a" * LONGEST_URL,
        ],
    )
    def test_any_other_is_refused(self, address: str) -> None:
        with pytest.raises(ValidationError):
            PublicWords(code_url=address)

    def test_nothing_is_shown_unless_it_is_said(self) -> None:
        assert PublicWords().show is False

    def test_what_is_not_known_is_refused(self) -> None:
        with pytest.raises(ValidationError):
            PublicWords.model_validate({"html": "<b>"})
