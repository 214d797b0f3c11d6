"""Whatever is written by any layout comes back as it was; whatever is written against it is a problem, never an error."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from layout_bench import HEIGHT, WIDTH, Read, a_challenge, read, rules_of, write

from sonobench_eval.challenge.contract_rules import EntryRule
from sonobench_eval.challenge.model import Case
from sonobench_eval.contract.judging import Cell, Unusable, number
from sonobench_eval.contract.naming import ClassNames, normalised
from sonobench_eval.contract.paths import filled, path_parts, words_of
from sonobench_eval.contract.tables import Line, TableRefused, read_table

SHARES = st.floats(0, 1, allow_subnormal=False)
STEMS = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,5}", fullmatch=True)
IDS = st.lists(STEMS.map(lambda stem: f"c/{stem}.png"), min_size=1, max_size=4, unique=True)
FORMS = st.sampled_from(["object", "list", "file", "csv"])
KIND_OF = {"classes": "breast", "labels": "planes", "values": "length", "boxes": "nodules", "points": "landmarks"}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from(["id", "p", "liver", "apex", "nodule"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "p", "x", "liver", "apex", "c/1.png"]) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def written(folder: Path, form: str, answers: dict[str, dict[str, Any]], columns: list[str]) -> None:
    """Answers, each a mapping of fields, as a container writes them in a form."""
    if form == "file":
        write(folder, {f"{case_id}.json": json.dumps(answer) for case_id, answer in answers.items()})
    elif form == "csv":
        out = io.StringIO()
        writer = csv.DictWriter(out, ["id", *columns])
        writer.writeheader()
        writer.writerows({"id": case_id, **answer} for case_id, answer in answers.items())
        write(folder, {"answers": out.getvalue()})
    else:
        entries: Any = answers if form == "object" else [{"id": case_id, **answer} for case_id, answer in answers.items()]
        write(folder, {"answers": json.dumps(entries)})


def round_trip(kind: str, form: str, rule: dict[str, object], answers: dict[str, dict[str, Any]]) -> Read:
    rules = rules_of(**{kind: [{"file": "{path}.json" if form == "file" else "answers", "form": form, **rule}]})
    with TemporaryDirectory() as folder:
        columns = list(next(iter(answers.values())))
        written(Path(folder), form, answers, columns)
        return read(rules, a_challenge(dict.fromkeys(answers, KIND_OF[kind]), rules), Path(folder))


class TestRoundTrips:
    @given(IDS, FORMS, st.data())
    @settings(max_examples=60)
    def test_probabilities(self, ids: list[str], form: str, data: st.DataObject) -> None:
        answers = {case_id: {"b": data.draw(SHARES), "m": data.draw(SHARES)} for case_id in ids}
        found = round_trip("classes", form, {"probabilities": {"fields": {"benign": "b", "malignant": "m"}}}, answers)
        assert {case_id: answer.probabilities for case_id, answer in found.answers.items()} == {
            case_id: (answer["b"], answer["m"]) for case_id, answer in answers.items()
        }

    @given(IDS, FORMS, st.data())
    @settings(max_examples=60)
    def test_labels(self, ids: list[str], form: str, data: st.DataObject) -> None:
        answers = {case_id: {each: data.draw(st.integers(0, 1)) for each in "lsk"} for case_id in ids}
        fields = {"liver": "l", "spleen": "s", "kidney": "k"}
        found = round_trip("labels", form, {"decisions": {"fields": fields}}, answers)
        assert [answer.decisions for answer in found.answers.values()] == [
            tuple(each == 1 for each in answer.values()) for answer in answers.values()
        ]
        assert found.findings == []

    @given(IDS, FORMS, st.data())
    @settings(max_examples=60)
    def test_values(self, ids: list[str], form: str, data: st.DataObject) -> None:
        answers = {case_id: {"v": data.draw(st.floats(0, 100.5))} for case_id in ids}
        found = round_trip("values", form, {"field": "v"}, answers)
        assert [answer.value for answer in found.answers.values()] == [answer["v"] for answer in answers.values()]
        assert found.findings == []

    @given(IDS, FORMS, st.data())
    @settings(max_examples=60)
    def test_points(self, ids: list[str], form: str, data: st.DataObject) -> None:
        places = st.tuples(st.floats(0, WIDTH), st.floats(0, HEIGHT))
        answers = {}
        for case_id in ids:
            (ax, ay), (bx, by) = data.draw(places), data.draw(places)
            answers[case_id] = {"ax": ax, "ay": ay, "bx": bx, "by": by}
        found = round_trip("points", form, {"fields": {"apex": ["ax", "ay"], "base": ["bx", "by"]}}, answers)
        assert [answer.points for answer in found.answers.values()] == [
            ((answer["ax"], answer["ay"]), (answer["bx"], answer["by"])) for answer in answers.values()
        ]

    @given(IDS, st.sampled_from(["list", "csv"]), st.data())
    @settings(max_examples=60)
    def test_boxes(self, ids: list[str], form: str, data: st.DataObject) -> None:
        sides = [("x0", 0, WIDTH // 2), ("y0", 0, HEIGHT // 2), ("x1", WIDTH // 2 + 1, WIDTH), ("y1", HEIGHT // 2 + 1, HEIGHT)]
        answers = {case_id: {name: data.draw(st.floats(low, high)) for name, low, high in sides} for case_id in ids}
        answers = {case_id: {**answer, "k": "cyst", "s": data.draw(SHARES)} for case_id, answer in answers.items()}
        rule = {"sides": [name for name, _, _ in sides], "class_name": "k", "confidence": "s"}
        found = round_trip("boxes", form, rule, answers)
        assert [[(*box[2:], box.confidence) for box in answer.boxes] for answer in found.answers.values()] == [
            [(*(answer[name] for name, _, _ in sides), answer["s"])] for answer in answers.values()
        ]


RULES: dict[str, dict[str, object]] = {
    "classes": {"probabilities": {"by_name": "p"}, "decision": {"text": "x"}, "abstain": {"field": "liver"}},
    "labels": {"probabilities": {"in_order": "p"}, "decisions": {"present": "x"}},
    "values": {"field": "p", "outside": "clip"},
    "boxes": {"boxes": "p", "box": "x", "class_name": "liver", "confidence": "id"},
    "points": {"by_name": "p"},
}


class TestHostileEntries:
    @given(st.sampled_from(list(RULES)), JSON)
    @settings(max_examples=200)
    @example("boxes", [[]])
    def test_no_json_value_raises(self, kind: str, value: object) -> None:
        rules = rules_of(**{kind: [{"file": "a", **RULES[kind]}]})
        with TemporaryDirectory() as folder:
            write(Path(folder), {"a": json.dumps({"c/1.png": value})})
            (answer,) = read(rules, a_challenge({"c/1.png": KIND_OF[kind]}, rules), Path(folder)).answers.values()
        given_value = value.get("p") if isinstance(value, dict) else None
        assert answer.problem is not None or answer.abstains or given_value is not None

    @given(st.sampled_from(list(RULES)), st.sampled_from(["object", "list", "file"]), JSON | st.binary(max_size=60))
    @settings(max_examples=150)
    def test_no_document_raises(self, kind: str, form: str, document: object) -> None:
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        rules = rules_of(**{kind: [{"file": "{stem}" if form == "file" else "1", "form": form, **RULES[kind]}]})
        with TemporaryDirectory() as folder:
            found = read(rules, a_challenge({"c/1.png": KIND_OF[kind]}, rules), write(Path(folder), {"1": data}))
        assert set(found.answers) == {"c/1.png"}

    @given(st.binary(max_size=80) | st.text(st.sampled_from('id,p\n"1;\r ') | st.characters(codec="utf-8"), max_size=60))
    @settings(max_examples=200)
    @example('id,p\n"')
    def test_no_table_raises_anything_but_its_own_error(self, data: bytes | str) -> None:
        table = data if isinstance(data, bytes) else b"id,p\n" + data.encode()
        refused: list[str] = []
        lines: list[Line] = []
        try:
            lines += read_table(table, id_column="id", delimiter=",")
        except TableRefused as error:
            refused.append(str(error))
        assert all(why.isprintable() for why in refused)
        assert all(isinstance(line.row, Unusable | dict) for line in lines)

    @given(st.text(max_size=20))
    def test_a_cell_is_a_finite_number_or_unusable(self, text: str) -> None:
        found, why = 0.0, ""
        try:
            found = number(Cell(text), "x")
        except Unusable as unusable:
            why = unusable.detail
        assert abs(found) < float("inf")
        assert why.isprintable()


class TestNames:
    @given(st.text(max_size=20))
    def test_normalising_twice_changes_nothing(self, text: str) -> None:
        assert normalised(normalised(text)) == normalised(text)

    @given(st.lists(st.from_regex(r"[A-Za-z][A-Za-z0-9+ ]{0,8}", fullmatch=True), min_size=1, max_size=5), st.data())
    def test_a_name_is_found_in_any_spelling(self, classes: list[str], data: st.DataObject) -> None:
        names = ClassNames(classes, {})
        at = data.draw(st.integers(0, len(classes) - 1))
        spelled = classes[at].swapcase().replace(" ", data.draw(st.sampled_from(["_", "-", "  "])))
        assert normalised(classes[names.named(spelled, "x")]) == normalised(classes[at])


class TestPaths:
    PARTS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,6}", fullmatch=True)

    @given(st.lists(PARTS, min_size=1, max_size=4).map("/".join))
    @example("a/.nii.gz")
    @example("x.NII.gz")
    def test_the_parts_make_the_whole(self, path: str) -> None:
        parts = path_parts(path)
        assert parts.stem + parts.suffix == parts.name
        case = Case(id=path, task="t", center="c")
        for rule in ("{path}", "{folder}/{name}", "{folder}/{stem}{suffix}"):
            assert filled(rule, words_of(case)) == path


def test_every_form_of_entries_is_tried_here() -> None:
    assert {"object", "list", "file", "csv"} == set(EntryRule.model_fields["form"].annotation.__args__)  # type: ignore[union-attr]
