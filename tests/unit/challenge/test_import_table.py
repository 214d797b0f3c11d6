"""CSV tables as challenges: what spreadsheets write, what is inferred, and what is told line by line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.import_table import TableChoices, TaskOptions, import_table
from sonobench_eval.challenge.load import dump_challenge, parse_challenge

Read = Callable[..., Any]
TABLE = """path,task,center,role,subject,mask,label
head/1.png,head,Leiden,internal,7,head/1m.png,
head/2.png,head,New York,external,8,head/2m.png,
breast/1.png,breast,Leiden,internal,9,,benign
breast/2.png,breast,Leiden,internal,10,,malignant
"""


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Imports a table's text; the files that it names are there."""
    for name in ("head/1", "head/2", "head/1m", "head/2m", "breast/1", "breast/2", "head/a, b"):
        path = tmp_path / "data" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 6)).save(path)

    def run(text: str | bytes = TABLE, **choices: Any) -> Any:
        table = tmp_path / "cases.csv"
        table.write_bytes(text if isinstance(text, bytes) else text.encode())
        return import_table(table, TableChoices("demo", tmp_path / "data", tmp_path / "data", **choices))

    return run


def refused(read: Read, text: str | bytes, **choices: Any) -> str:
    with pytest.raises(ChallengeError) as error:
        read(text, **choices)
    return str(error.value)


class TestATable:
    def test_becomes_a_challenge_that_loads(self, read: Read) -> None:
        made = read()
        challenge = made.challenge
        assert [(task.id, task.kind) for task in challenge.tasks] == [("head", "segmentation"), ("breast", "binary")]
        assert [(center.id, center.role) for center in challenge.centers] == [("Leiden", "internal"), ("New_York", "external")]
        assert [(case.id, case.label, case.mask) for case in challenge.cases][::2] == [
            ("head/1.png", None, "head/1m.png"),
            ("breast/1.png", 0, None),
        ]
        assert parse_challenge(dump_challenge(challenge), name="x") == challenge

    def test_tells_what_it_inferred(self, read: Read) -> None:
        notes = "\n".join(read().notes)
        assert "head is taken as segmentation" in notes
        assert "breast is taken as binary" in notes
        assert "classes of breast, from 0: benign, malignant" in notes

    def test_takes_options_in_place_of_guesses(self, read: Read) -> None:
        options = {
            "head": TaskOptions(kind="segmentation", labels={"skull": 1}),
            "breast": TaskOptions(kind="multiclass", classes=("malignant", "benign", "cyst")),
        }
        made = read(tasks=options)
        assert made.notes == ()
        assert made.challenge.task("head").labels == {"skull": 1}
        assert [case.label for case in made.challenge.cases[2:]] == [1, 0]

    @pytest.mark.parametrize(
        "text",
        [
            "\ufeff" + TABLE,
            TABLE.replace(",", ";"),
            TABLE.replace(",", "\t"),
            TABLE.replace("\n", "\r\n"),
            TABLE.replace("\n", "\n\n").replace("\n\n", "\n,,,,,,\n"),
            TABLE.replace("head/", "head\\").replace("breast/", ".\\breast\\"),
            TABLE.replace("Leiden", '"Leiden"').replace("head/1.png", " head/1.png "),
        ],
        ids=["byte order mark", "semicolons", "tabs", "CR LF", "blank lines", "backslashes", "quotes and spaces"],
    )
    def test_is_read_as_spreadsheets_write_it(self, read: Read, text: str) -> None:
        assert read(text).challenge == read().challenge

    def test_keeps_commas_in_quotes(self, read: Read) -> None:
        text = 'path,label,subject\nbreast/1.png,yes,"Doe, J."\nbreast/2.png,no,x\n'
        assert read(text).challenge.cases[0].subject == "Doe, J."

    def test_counts_labels_that_are_numbers_from_0(self, read: Read) -> None:
        made = read("path,label\nbreast/1.png,2\nbreast/2.png,0\n")
        assert made.challenge.tasks[0].classes == ("class 0", "class 1", "class 2")
        assert [case.label for case in made.challenge.cases] == [2, 0]

    def test_has_measurements_pixel_sizes_groups_and_phases(self, read: Read) -> None:
        text = "path;value;pixel_size_mm;group.device;phase\nbreast/1.png;1,5;0,2x0,3;GE;sample\nbreast/2.png;9;0.25;;final\n"
        made = read(text, tasks={"task": TaskOptions(range=(0.0, 10.0))})
        first, second = made.challenge.cases
        assert (first.value, first.pixel_size_mm, first.groups, first.phase) == (1.5, (0.2, 0.3), {"device": "GE"}, "sample")
        assert (second.value, second.pixel_size_mm, second.groups) == (9, 0.25, None)
        assert [(phase.id, phase.kind) for phase in made.challenge.phases] == [("sample", "sample"), ("final", "test")]


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "there are no rows"),
            ("path\n", "there are no rows"),
            ("image,label\nbreast/1.png,1\n", "cases.csv:1: the column 'image' is not known"),
            ("image,label\nbreast/1.png,1\n", "the column 'path' is missing"),
            ("path,path,label\na,b,c\n", "the column 'path' is there 2 times"),
            ("path,label\nbreast/1.png,1\nbreast/2.png\n", "cases.csv:3: has 1 cells, and there are 2 columns"),
            ("path,label\nbreast/1.png,1,2\n", "cases.csv:2: has 3 cells"),
            ("path,label\n../x.png,1\n", "cases.csv:2: path: '../x.png' is not a plain relative path"),
            ("path,label\n/etc/passwd,1\n", "is not a plain relative path"),
            ("path,label\nC:\\a.png,1\n", "is not a plain relative path"),
            ("path,label\nbreast/9.png,1\n", "there is no file"),
            ("path,label\nbreast/1.png,1\nbreast/1.png,1\n", "is there already, in line 2"),
            ("path,label\nbreast/1.png,\n", "has none of mask, label, value"),
            ("path,label,value\nbreast/1.png,1,2\n", "has label and value; a case has one reference"),
            ("path,label,role\nbreast/1.png,1,inside\n", "must be internal or external, not 'inside'"),
            ("path,label,pixel_size_mm\nbreast/1.png,1,small\n", "must be one number"),
            ("path,value\nbreast/1.png,1\n", "needs the lowest and the highest value"),
            ("path,label,center,role\nbreast/1.png,1,a,internal\nbreast/2.png,0,a,external\n", "internal in some rows"),
            ("path,label,center\nbreast/1.png,1,a b\nbreast/2.png,0,a_b\n", "too alike to be told apart"),
            ('path,label\n"breast/1.png,1\n', "is not CSV"),
        ],
    )
    def test_is_told_with_its_line(self, read: Read, text: str, told: str) -> None:
        assert told in refused(read, text)

    def test_all_rows_are_told_at_once(self, read: Read) -> None:
        told = refused(read, "path,label\nbreast/8.png,1\nbreast/9.png,1\nbreast/1.png,\n").splitlines()
        assert [line.split(" ")[0] for line in told] == ["cases.csv:2:", "cases.csv:3:", "cases.csv:4:"]

    def test_other_encodings_say_how_to_save_it(self, read: Read) -> None:
        assert "is UTF-16" in refused(read, TABLE.encode("utf-16"))
        assert "cases.csv:3: the file is not UTF-8" in refused(read, TABLE.replace("New York", "Zürich").encode("latin-1"))

    def test_kinds_that_no_table_can_have(self, read: Read) -> None:
        assert "needs a challenge file written by hand" in refused(read, TABLE, tasks={"head": TaskOptions(kind="detection")})
        assert "is no kind of task" in refused(read, TABLE, tasks={"head": TaskOptions(kind="painting")})
        assert "has no task 'heads'" in refused(read, TABLE, tasks={"heads": TaskOptions()})

    def test_a_class_that_is_not_declared(self, read: Read) -> None:
        told = refused(read, TABLE, tasks={"breast": TaskOptions(kind="binary", classes=("benign", "other"))})
        assert "cases.csv:5: label: 'malignant' is no class of breast" in told

    def test_a_link_out_of_the_folder(self, read: Read, tmp_path: Path) -> None:
        (tmp_path / "data/breast/3.png").symlink_to("/etc/hostname")
        assert "is a link that leads out of" in refused(read, "path,label\nbreast/3.png,1\n")
