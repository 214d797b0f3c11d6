from __future__ import annotations

import math

import pytest

from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.strict_json import JsonObject, StrictJsonError, loads, loads_marking, shown


class TestLoads:
    def test_plain_json_comes_back_as_python_has_it(self) -> None:
        assert loads(b'{"a": [1, 2.5, null, true, "\xc3\xa9"]}', max_bytes=100) == {"a": [1, 2.5, None, True, "é"]}

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b'{"a": 1, "a": 2}', FindingCode.DUPLICATE_KEY),
            (b'{"b": {"a": 1, "a": 1}}', FindingCode.DUPLICATE_KEY),
            (b"[NaN]", FindingCode.NON_FINITE_NUMBER),
            (b"[-Infinity]", FindingCode.NON_FINITE_NUMBER),
            (b"[1e999]", FindingCode.NON_FINITE_NUMBER),
            (b"[" + b"9" * 5000 + b"]", FindingCode.NON_FINITE_NUMBER),
            (b"[" + b"9" * 350 + b"]", FindingCode.NON_FINITE_NUMBER),
            (b"[" * 100_000 + b"]" * 100_000, FindingCode.INVALID_JSON),
            (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, FindingCode.INVALID_JSON),
            (b"", FindingCode.INVALID_JSON),
            (b"[1] [2]", FindingCode.INVALID_JSON),
            (b"\xff\xfe[\x001\x00]\x00", FindingCode.INVALID_JSON),
            (b"\xef\xbb\xbf[1]", FindingCode.INVALID_JSON),
            (b'["\xed\xa0\x80"]', FindingCode.INVALID_JSON),
            (b"[1,]", FindingCode.INVALID_JSON),
            (b'["\x00"]', FindingCode.INVALID_JSON),
        ],
    )
    def test_what_is_not_strict_json_is_refused_with_its_code(self, data: bytes, code: FindingCode) -> None:
        with pytest.raises(StrictJsonError) as caught:
            loads(data, max_bytes=10**7)
        assert caught.value.code is code

    def test_a_file_over_the_limit_is_refused_before_it_is_parsed(self) -> None:
        with pytest.raises(StrictJsonError, match="at most 10 are read") as caught:
            loads(b"[NaN]      ", max_bytes=10)
        assert caught.value.code is FindingCode.FILE_TOO_LARGE

    def test_a_syntax_error_names_its_place(self) -> None:
        with pytest.raises(StrictJsonError, match="line 2 column 6"):
            loads(b'{\n "a" 1}', max_bytes=100)


class TestLoadsMarking:
    def test_a_repeated_key_is_remembered_by_its_object_alone(self) -> None:
        found = loads_marking(b'{"a": {"x": 1, "x": 2}, "b": {"x": 1}}', max_bytes=100)
        assert isinstance(found, JsonObject)
        assert found.repeated == frozenset()
        assert found["a"].repeated == {"x"}  # type: ignore[attr-defined]
        assert found["b"].repeated == frozenset()  # type: ignore[attr-defined]

    def test_numbers_that_are_none_come_back_as_non_finite_floats(self) -> None:
        found = loads_marking(b"[NaN, 1e999, -1e999, " + b"9" * 5000 + b"]", max_bytes=10_000)
        assert isinstance(found, list)
        assert [math.isfinite(each) for each in found] == [False] * 4

    def test_bytes_that_are_no_json_are_refused(self) -> None:
        with pytest.raises(StrictJsonError):
            loads_marking(b"{", max_bytes=10)


class TestShown:
    def test_text_from_strangers_is_quoted_ascii_and_cut(self) -> None:
        assert shown("a\x1b[31m\u202e") == "'a\\x1b[31m\\u202e'"
        assert len(shown("x" * 1000)) < 130
