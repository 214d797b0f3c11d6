"""Documents are read as Go reads them into structs."""

from __future__ import annotations

import pytest

from sonobench_eval.intake import go_json
from sonobench_eval.intake.go_json import GoJsonError, read

PERSON = go_json.struct({"Name": go_json.text, "Age": go_json.whole, "Labels": go_json.map_of(go_json.text)})


def parsed(text: str, kind: go_json.Kind = PERSON) -> object:
    return read(text.encode(), kind, max_bytes=10_000)


class TestStruct:
    @pytest.mark.parametrize("key", ["Name", "name", "NAME", "nAmE"])
    def test_a_field_is_found_in_any_case(self, key: str) -> None:
        assert parsed(f'{{"{key}": "x"}}') == {"Name": "x"}

    def test_a_field_is_found_through_letters_that_fold_to_it(self) -> None:
        # U+017F, the long s, and U+212A, the Kelvin sign, are s and k to Go.
        assert parsed('{"Label\\u017f": {"a": "b"}}') == {"Labels": {"a": "b"}}
        assert parsed('{"o\\u212a": true}', go_json.struct({"ok": go_json.flag})) == {"ok": True}

    @pytest.mark.parametrize("document", ['{"Name": "a", "name": "b"}', '{"Label\\u017f": {}, "labels": {}}', '{"x": 1, "X": 2}'])
    def test_two_keys_that_are_one_field_are_refused(self, document: str) -> None:
        with pytest.raises(GoJsonError, match="twice in different case"):
            parsed(document)

    def test_keys_of_maps_keep_their_case(self) -> None:
        assert parsed('{"Labels": {"a": "1", "A": "2"}}') == {"Labels": {"a": "1", "A": "2"}}

    def test_null_is_a_missing_field_and_unknown_ones_are_passed_over(self) -> None:
        assert parsed('{"Name": null, "Future": [1, {"x": null}]}') == {}

    @pytest.mark.parametrize("document", ['{"a": 1, "a": 2}', "[1]", '"x"', "{", "", '{"Age": NaN}', "\ufeff{}", "{} {}"])
    def test_what_is_no_unambiguous_object_is_refused(self, document: str) -> None:
        with pytest.raises(GoJsonError):
            parsed(document)


class TestValues:
    @pytest.mark.parametrize("value", ['"5"', "1.0", "1e3", "true", str(2**63), str(-(2**63) - 1), "[]", "{}"])
    def test_what_go_would_not_read_as_an_int64_is_refused(self, value: str) -> None:
        with pytest.raises(GoJsonError, match=r"whole number at Age"):
            parsed(f'{{"Age": {value}}}')

    @pytest.mark.parametrize("value", ["5", "[]", "{}", "true", '"a\\u0000b"', '"\\ud800"'])
    def test_what_is_no_clean_string_is_refused(self, value: str) -> None:
        with pytest.raises(GoJsonError, match="at Name"):
            parsed(f'{{"Name": {value}}}')

    @pytest.mark.parametrize("stamp", ["2025-09-23T10:00:00Z", "2025-09-23T10:00:00.123456789+02:00", "0001-01-01T00:00:00Z"])
    def test_times_as_engines_write_them_are_taken(self, stamp: str) -> None:
        assert parsed(f'"{stamp}"', go_json.time) == stamp

    @pytest.mark.parametrize(
        "stamp", ["yesterday", "2025-09-23", "2025-13-01T00:00:00Z", "2025-09-23 10:00:00Z", "2025-09-23T10:00:60Z"]
    )
    def test_other_times_are_refused_since_docker_would(self, stamp: str) -> None:
        with pytest.raises(GoJsonError, match="a time"):
            parsed(f'"{stamp}"', go_json.time)

    def test_a_command_may_be_one_string(self) -> None:
        assert parsed('"run me"', go_json.command) == ("run me",)
        assert parsed('["a", "b"]', go_json.command) == ("a", "b")

    def test_null_in_a_list_of_strings_is_refused(self) -> None:
        with pytest.raises(GoJsonError, match=r"string at \[1\]|string"):
            parsed('["a", null]', go_json.texts)
