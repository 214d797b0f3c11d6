from __future__ import annotations

import pytest

from sonobench_eval.challenge.sizes import format_bytes, format_seconds, parse_bytes, parse_seconds


class TestParseBytes:
    @pytest.mark.parametrize(
        ("text", "value"), [("512M", 2**29), ("8G", 2**33), ("8GiB", 2**33), ("1.5K", 1536), ("7", 7), (7, 7)]
    )
    def test_units_are_powers_of_1024(self, text: object, value: int) -> None:
        assert parse_bytes(text) == value

    @pytest.mark.parametrize("text", ["8 gigs", "-1G", "G", "", "1e3"])
    def test_other_text_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="is not a size"):
            parse_bytes(text)


class TestParseSeconds:
    @pytest.mark.parametrize(("text", "value"), [("90s", 90), ("30min", 1800), ("2h", 7200), ("5", 5), (5, 5)])
    def test_units_are_s_min_and_h(self, text: object, value: float) -> None:
        assert parse_seconds(text) == value

    @pytest.mark.parametrize("text", ["30 minutes", "1d", "-5s"])
    def test_other_text_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="is not a duration"):
            parse_seconds(text)


class TestFormat:
    @pytest.mark.parametrize("value", [1, 1023, 1024, 2**20, 3 * 2**30, 2**40, 2**40 + 1])
    def test_bytes_come_back_exactly(self, value: int) -> None:
        assert parse_bytes(format_bytes(value)) == value

    @pytest.mark.parametrize("value", [0.5, 1.0, 60.0, 90.0, 3600.0, 5400.0, 1.23])
    def test_seconds_come_back_exactly(self, value: float) -> None:
        assert parse_seconds(format_seconds(value)) == value

    def test_the_largest_unit_that_fits_is_taken(self) -> None:
        assert (format_bytes(2**30), format_seconds(1800.0)) == ("1G", "30min")
