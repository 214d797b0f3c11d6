"""`sonobench dataset` and the imports as people call them: what goes where, and how each ends."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sonobench_eval.challenge.load import load_challenge

Run = Callable[..., Any]


@pytest.fixture
def nnunet(tmp_path: Path) -> Path:
    folder = tmp_path / "Dataset1_Head"
    for number in (1, 2):
        for place in (f"imagesTs/h_{number}_0000.png", f"labelsTs/h_{number}.png"):
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (4, 6), 1 if "labels" in place else 80 + number).save(folder / place)
    description = {"channel_names": {"0": "US"}, "labels": {"background": 0, "skull": 1}, "numTest": 3, "file_ending": ".png"}
    (folder / "dataset.json").write_text(json.dumps(description))
    return folder


@pytest.fixture
def challenge(sonobench: Run, nnunet: Path, tmp_path: Path) -> Path:
    made = sonobench("import", "dataset-json", nnunet, "-o", "challenge.yaml", "--organ", "Head")
    assert made.returncode == 0, made.stderr
    assert "numTest 3, and there are 2 cases" in made.stderr
    assert "Wrote challenge.yaml: 1 task, 2 cases, 1 center." in made.stderr
    return tmp_path / "challenge.yaml"


class TestManifestAndVerify:
    def test_data_that_is_as_it_was_is_sound(self, sonobench: Run, challenge: Path) -> None:
        made = sonobench("dataset", "manifest", challenge, "-o", "manifest.csv")
        assert (made.returncode, made.stdout) == (0, "")
        verified = sonobench("dataset", "verify", challenge, "--manifest", "manifest.csv")
        assert (verified.returncode, verified.stdout) == (0, "")
        assert "is sound: 2 cases, 0 errors, 0 warnings" in verified.stderr

    def test_what_is_wrong_is_a_table_csv_and_json_and_ends_with_1(
        self, sonobench: Run, challenge: Path, nnunet: Path, tmp_path: Path
    ) -> None:
        sonobench("dataset", "manifest", challenge, "-o", "manifest.csv")
        Image.new("L", (4, 6), 9).save(nnunet / "labelsTs/h_1.png")
        (nnunet / "imagesTs/h_2_0000.png").unlink()
        told = sonobench("dataset", "verify", challenge, "--manifest", "manifest.csv", "--csv", "r.csv", "--json", "r.json")
        assert told.returncode == 1
        assert "has value 9, which names no structure" in " ".join(told.stdout.split())
        assert "is not sound: 2 cases, 4 errors, 0 warnings" in told.stderr
        rows = list(csv.DictReader(io.StringIO((tmp_path / "r.csv").read_text())))
        document = json.loads((tmp_path / "r.json").read_text())
        assert [row["code"] for row in rows] == [each["code"] for each in document["findings"]]
        assert sorted({row["code"] for row in rows}) == ["image", "mask", "mask-hash-differs", "missing-file"]

    def test_a_manifest_can_go_to_stdout(self, sonobench: Run, challenge: Path) -> None:
        shown = sonobench("dataset", "manifest", challenge, "-o", "-")
        assert shown.stdout.startswith("case,task,phase,subject,center,role,path,sha256,mask,mask_sha256")

    def test_a_manifest_that_is_none_is_told_by_line(self, sonobench: Run, challenge: Path, tmp_path: Path) -> None:
        (tmp_path / "m.csv").write_text("case,sha256\na\n")
        told = sonobench("dataset", "verify", challenge, "--manifest", "m.csv")
        assert told.returncode == 1
        assert "m.csv:1: the column 'path' is missing" in told.stderr


class TestInAndOut:
    def test_an_export_is_imported_again(self, sonobench: Run, challenge: Path, tmp_path: Path) -> None:
        out = sonobench("dataset", "export", challenge, "-o", "out")
        assert out.returncode == 0, out.stderr
        assert sonobench("import", "dataset-json", "out", "--part", "train", "-o", "again.yaml").returncode == 0
        loaded = load_challenge(tmp_path / "again.yaml")
        assert len(loaded.challenge.cases) == 2
        assert sonobench("dataset", "verify", "again.yaml").returncode == 0

    def test_a_table_becomes_a_challenge(self, sonobench: Run, nnunet: Path, tmp_path: Path) -> None:
        (tmp_path / "cases.csv").write_text("path;mask;center\nimagesTs\\h_1_0000.png;labelsTs\\h_1.png;Leiden\n")
        made = sonobench(
            "import", "table", "cases.csv", "--images", nnunet, "--labels", "task=skull:1", "--kind", "task=segmentation"
        )
        assert made.returncode == 0, made.stderr
        loaded = load_challenge(tmp_path / "challenge.yaml")
        assert loaded.challenge.tasks[0].labels == {"skull": 1}
        assert sonobench("dataset", "verify", "challenge.yaml").returncode == 0

    @pytest.mark.parametrize(("option", "value"), [("--kind", "task"), ("--labels", "task=a"), ("--range", "task=1-2")])
    def test_options_of_tasks_that_make_no_sense_are_usage(
        self, sonobench: Run, nnunet: Path, tmp_path: Path, option: str, value: str
    ) -> None:
        (tmp_path / "cases.csv").write_text("path,mask\nimagesTs/h_1_0000.png,labelsTs/h_1.png\n")
        told = sonobench("import", "table", "cases.csv", "--images", nnunet, option, value)
        assert told.returncode == 2
        assert option in told.stderr

    def test_a_file_that_is_there_is_kept(self, sonobench: Run, challenge: Path, nnunet: Path) -> None:
        told = sonobench("import", "dataset-json", nnunet, "-o", challenge)
        assert told.returncode == 2
        assert "is there already" in told.stderr
