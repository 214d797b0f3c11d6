from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from sonobench_eval.challenge.explain import RECORDS
from sonobench_eval.challenge.load import ChallengeError, dump_challenge, load_challenge, parse_challenge
from sonobench_eval.challenge.model import Challenge, Record
from sonobench_eval.challenge.ranking_rules import Gate, Group


def problems(text: str) -> list[str]:
    with pytest.raises(ChallengeError) as caught:
        parse_challenge(text, name="challenge.yaml")
    return str(caught.value).splitlines()


class TestParseChallenge:
    def test_a_good_file_becomes_a_challenge(self, text: str) -> None:
        challenge = parse_challenge(text, name="challenge.yaml")
        assert challenge.limits.time_s == 1800
        assert challenge.limits.memory_bytes == 8 * 2**30
        assert challenge.cases[1].subject == "007"
        assert challenge.cases[1].pixel_size_mm == (0.1, 0.2)

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            (
                "title: Demo",
                r'title: "De\0mo"',
                "challenge.yaml:3: title: holds U+0000, which is no character of a text",
            ),
            ("title: Demo", "title: De\ud83dmo", "challenge.yaml:3: holds U+D83D, which is no character of a text; remove it"),
            ("title: Demo", r'title: "De\ud83dmo"', "challenge.yaml:3: "),
            ("organ: Heart", r'"organ\0": Heart', "challenge.yaml:12: tasks.0: holds U+0000, which is no character"),
            ("title: Demo", "title: Demo\n" + r'description: "a\0"', "challenge.yaml:4: description: holds U+0000"),
            ("title: Demo", "title: Demo\n" + r'entry: {terms: "a\0"}', "challenge.yaml:4: entry.terms: holds U+0000"),
        ],
    )
    def test_what_no_database_keeps_is_refused_in_a_sentence(self, text: str, old: str, new: str, said: str) -> None:
        assert any(line.startswith(said) for line in problems(text.replace(old, new, 1)))

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("limits:", "limitz:", "challenge.yaml:4: limitz: unknown key; did you mean limits?"),
            ("memory_bytes", "memory_byte", "challenge.yaml:4: limits.memory_byte: unknown key; did you mean memory_bytes?"),
            ("  organ: Heart", "  organs: Heart", "challenge.yaml:12: tasks.0.organs: unknown key; did you mean organ?"),
            (
                "subject: s1",
                "patient: s1",
                "challenge.yaml:24: cases.0.patient: unknown key; known are boxes, center, groups",
            ),
            (
                "role: external",
                "role: extern",
                "challenge.yaml:7: centers.1.role: must be 'internal' or 'external', not 'extern'",
            ),
            ("title: Demo", "title: 12", "challenge.yaml:3: title: must be text; put it in quotes: '12'"),
            ("title: Demo\n", "", "challenge.yaml:1: title: is missing"),
            ("label: 1", "label: one", "challenge.yaml:26: cases.2.label: must be a whole number"),
            ("label: 1", "label: yes", "challenge.yaml:26: cases.2.label: must be a whole number"),
            ("label: 1", "label: 2", "challenge.yaml:26: cases.2.label: label 2 is outside the 2 classes of breast"),
            ("label: 1", "mask: a.png", "challenge.yaml:26: cases.2.mask: a binary case has label, not mask"),
            ("center: b", "center: z", "challenge.yaml:25: cases.1.center: there is no center 'z'"),
            ("task: breast", "task: brest", "challenge.yaml:26: cases.2.task: there is no task 'brest'"),
            ("heart/img/2.png", "heart/img/1.png", "challenge.yaml:25: cases.1.id: 'heart/img/1.png' is declared twice"),
            (
                "id: heart/img/1.png",
                "id: ../img/1.png",
                "challenge.yaml:24: cases.0.id: '../img/1.png' is not a plain relative path",
            ),
            (
                "pixel_size_mm: 0.1,",
                "pixel_size_mm: -1,",
                "challenge.yaml:24: cases.0.pixel_size_mm: must be greater than 0, not -1",
            ),
            ("[0.1, 0.2]", "[0.1]", "challenge.yaml:25: cases.1.pixel_size_mm: must be a number, or has too few values"),
            ("tolerance: 2", "tolerance: .nan", "challenge.yaml:16: tasks.0.metrics.1.tolerance: must be a number"),
            ("tolerance: 2, ", "", "challenge.yaml:16: tasks.0.metrics.1: nsd needs tolerance"),
            ("name: demo", "name: My demo", "challenge.yaml:2: name: is a name of letters, digits, - and _, and must match"),
            ("{name: acc}", "acc", "challenge.yaml:22: tasks.1.metrics.1: must be a mapping, for example {name: dsc}"),
            ("[{name: auc}, {name: acc}]", "[]", "challenge.yaml:22: tasks.1.metrics: must not be empty"),
            ("{name: acc}", "{name: dsc}", "challenge.yaml:22: tasks.1.metrics.1.name: dsc is not a metric for a binary task"),
            ("memory_bytes: 8G", "memory_bytes: 8 gigs", "challenge.yaml:4: limits.memory_bytes: '8 gigs' is not a size"),
            ("name: demo", "name: demo\nname: other", "challenge.yaml:3: name: stands twice; the first is in line 2"),
            ("title: Demo", "title: &t Demo\ndescription: *t", "challenge.yaml:4: description: aliases (*t) are not used"),
            ("title: Demo", "title: !!python/name:os.system x", "challenge.yaml:3: title: tags"),
            ("title: Demo", "title: [Demo", "this is not valid YAML"),
        ],
    )
    def test_a_problem_is_told_with_its_line_and_place(self, text: str, old: str, new: str, said: str) -> None:
        assert old in text
        (line,) = [line for line in problems(text.replace(old, new, 1)) if said in line]
        assert line.startswith("challenge.yaml:")

    def test_all_problems_are_told_at_once_in_the_files_order(self, text: str) -> None:
        broken = text.replace("role: external", "role: extern").replace("limits:", "limitz:").replace("label: 1", "label: x")
        assert [line.split(":")[1] for line in problems(broken)] == ["4", "7", "26"]

    def test_twenty_problems_are_shown_and_the_rest_counted(self, text: str) -> None:
        more = "".join(f"- {{id: x/{n}.png, task: breast, center: nowhere, label: 0}}\n" for n in range(30))
        lines = problems(text + more)
        assert len(lines) == 21
        assert lines[-1] == "challenge.yaml: and 10 more problems"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "the file is empty"),
            ("# nothing\n", "the file is empty"),
            ("hello", "a challenge is a mapping"),
            ("[1, 2]", "a challenge is a mapping"),
            ("- a\n", "a challenge is a mapping"),
            ("a: 1\n---\nb: 2\n", "more than one document"),
            ("[" * 200_000, "nested too deeply"),
            ("- " * 60_000, "nested too deeply"),
            ("{" * 200_000, "a key is a plain word"),
            ("? [a]\n: b\n", "a key is a plain word"),
            ("a: &a [*a]\n", "aliases"),
            ('a: "\x00"\n', "control characters"),
            ("a:\n\t- b\n", "this is not valid YAML"),
            ("<<: {a: 1}\n", "<<: unknown key"),
        ],
    )
    def test_what_is_no_challenge_at_all_gets_one_clear_sentence(self, text: str, said: str) -> None:
        assert any(said in line for line in problems(text))

    def test_an_alias_bomb_costs_nothing(self) -> None:
        bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
        start = time.thread_time()
        assert any("aliases" in line for line in problems(bomb))
        assert time.thread_time() - start < 1

    @pytest.mark.parametrize("word", ["NO", "yes", "on", "2025-01-31", "007", "0x1F", "1_000", "12e3"])
    def test_words_that_yaml_likes_to_reinterpret_stay_as_written(self, text: str, word: str) -> None:
        challenge = parse_challenge(text.replace("subject: s1", f"subject: {word}"), name="x")
        assert challenge.cases[0].subject == word

    def test_thousands_of_cases_load_fast(self, text: str) -> None:
        many = text + "".join(f"- {{id: breast/img/x{n}.png, task: breast, center: b, label: 0}}\n" for n in range(2479))
        start = time.thread_time()
        assert len(parse_challenge(many, name="x").cases) == 2482
        assert time.thread_time() - start < 3


class TestLoadChallenge:
    def test_folders_are_relative_to_the_file(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "challenge.yaml"
        path.write_text(text)
        loaded = load_challenge(path)
        assert (loaded.inputs_dir, loaded.truth_dir) == (tmp_path / "images", tmp_path / "truth")
        assert loaded.hash.startswith("sha256:")

    def test_a_challenge_without_truth_has_no_truth_folder(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "challenge.yaml"
        path.write_text(text + "truth: null\n")
        assert load_challenge(path).truth_dir is None

    def test_a_missing_file_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(ChallengeError, match=r"no\.yaml: there is no such file"):
            load_challenge(tmp_path / "no.yaml")

    def test_a_folder_is_told_what_to_give_instead(self, tmp_path: Path) -> None:
        with pytest.raises(ChallengeError, match=r"is a folder; give the YAML file in it, for example .*challenge\.yaml"):
            load_challenge(tmp_path)

    def test_bytes_that_are_not_utf8_are_told_with_their_line(self, tmp_path: Path) -> None:
        (tmp_path / "c.yaml").write_bytes(b"sonobench: 1\ntitle: M\xfcnchen\n")
        with pytest.raises(ChallengeError, match=r"c\.yaml:2: the file is not UTF-8"):
            load_challenge(tmp_path / "c.yaml")

    def test_a_byte_order_mark_is_no_problem(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "c.yaml").write_text(text, encoding="utf-8-sig")
        assert load_challenge(tmp_path / "c.yaml").challenge.name == "demo"


class TestDumpChallenge:
    def test_it_loads_to_an_equal_challenge(self, challenge: Challenge) -> None:
        assert parse_challenge(dump_challenge(challenge), name="x") == challenge

    def test_it_stays_equal_without_references(self, challenge: Challenge) -> None:
        hidden = challenge.without_references()
        assert parse_challenge(dump_challenge(hidden), name="x") == hidden

    def test_each_case_has_one_line_and_sizes_have_units(self, challenge: Challenge) -> None:
        lines = dump_challenge(challenge).splitlines()
        assert "- {id: breast/img/1.png, task: breast, center: a, label: 1}" in lines
        assert "  memory_bytes: 8G" in lines
        assert "  time_s: 30min" in lines


class TestRecords:
    def test_every_record_of_a_challenge_is_known_where_it_stands(self) -> None:
        """A record added to the model gets suggestions for its keys, or this fails."""
        in_trees = records(Group) - {Group, Gate}  # their keys are suggested whichever of them stands there
        assert set(RECORDS.values()) == records(Challenge) - in_trees


def records(record: type[BaseModel], seen: set[type[BaseModel]] | None = None) -> set[type[BaseModel]]:
    """The record and all below it; a tree of records holds itself."""
    seen = set() if seen is None else seen
    if record not in seen:
        seen.add(record)
        for field in record.model_fields.values():
            for part in parts(field.annotation):
                if isinstance(part, type) and issubclass(part, Record):
                    records(part, seen)
    return seen


def parts(annotation: object) -> Iterator[object]:
    yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from parts(inner)
