"""Manifests and verification: every way in which data is not what it was declared to be, row by row."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.load import LoadedChallenge, parse_challenge
from sonobench_eval.challenge.manifest import COLUMNS, Manifest, make_manifest, read_manifest
from sonobench_eval.challenge.verify_data import DatasetReport, verify

TEXT = """
sonobench: 1
name: two
title: Two phases
phases: [{id: pilot, kind: sample}, {id: final}]
centers: [{id: a, role: internal}]
tasks:
- {id: t, kind: segmentation, dataset_name: T, organ: T, labels: {one: 1}, metrics: [{name: dsc}]}
cases:
- {id: img/1.png, task: t, center: a, subject: s1, phase: pilot, mask: 1.png}
- {id: img/2.png, task: t, center: a, subject: s2, mask: 2.png}
- {id: img/3.png, task: t, center: a, subject: "=s3", mask: 3.png}
"""


class Data:
    """A challenge of three images on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.text = TEXT
        for number in (1, 2, 3):
            self.image(number, number)
            self.mask(number)

    def image(self, number: int, value: int) -> None:
        self._save(self.folder / f"images/img/{number}.png", np.full((6, 4), value, np.uint8))

    def mask(self, number: int, *, value: int = 1, shape: tuple[int, int] = (6, 4)) -> None:
        pixels = np.zeros(shape, np.uint8)
        pixels[1:3, 1:3] = value
        self._save(self.folder / f"truth/{number}.png", pixels)

    def _save(self, path: Path, pixels: np.ndarray[Any, Any]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)

    @property
    def loaded(self) -> LoadedChallenge:
        challenge = parse_challenge(self.text, name="challenge.yaml")
        return LoadedChallenge(challenge, self.folder / "challenge.yaml", self.folder, challenge_hash(challenge))


@pytest.fixture
def data(tmp_path: Path) -> Data:
    return Data(tmp_path)


def codes(report: DatasetReport) -> list[tuple[str, str, str]]:
    return [(each.level, each.code, each.case or each.path) for each in report.findings]


class TestTheManifest:
    def test_lists_every_file_with_what_it_is(self, data: Data) -> None:
        first, second, _ = make_manifest(data.loaded).rows
        assert (first.case, first.phase, first.subject, first.center, first.role) == ("img/1.png", "pilot", "s1", "a", "internal")
        assert (first.path, first.mask, second.phase) == ("images/img/1.png", "truth/1.png", "final")
        assert len(first.sha256) == len(first.mask_sha256) == 64

    @pytest.mark.parametrize("form", ["csv", "json"])
    def test_is_read_back_as_it_was_written(self, data: Data, form: str) -> None:
        made = make_manifest(data.loaded)
        path = data.folder / f"manifest.{form}"
        path.write_text(made.to_csv() if form == "csv" else made.to_json("two"), newline="")
        again = read_manifest(path)
        assert again.rows == made.rows
        assert again.sha256 == made.sha256
        assert verify(data.loaded, again).is_sound

    def test_runs_no_formula_in_a_spreadsheet(self, data: Data) -> None:
        assert ",'=s3," in make_manifest(data.loaded).to_csv()

    def test_has_one_hash_in_any_order(self, data: Data) -> None:
        made = make_manifest(data.loaded)
        assert Manifest(tuple(reversed(made.rows))).sha256 == made.sha256
        assert Manifest(made.rows[1:]).sha256 != made.sha256

    def test_is_not_made_of_files_that_are_missing(self, data: Data) -> None:
        (data.folder / "images/img/2.png").unlink()
        (data.folder / "truth/3.png").unlink()
        with pytest.raises(ChallengeError) as error:
            make_manifest(data.loaded)
        assert "img/2.png" in str(error.value)
        assert "truth/3.png" in str(error.value)

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ('{"rows": []}', "is no manifest"),
            ('{"schema": "sonobench.manifest/1", "rows": [{"case": "a"}]}', "rows.0: lacks path"),
            ('{"schema": "sonobench.manifest/1", "rows": [{"case": 1, "path": "a", "sha256": "b"}]}', "case must be text"),
            ('{"schema": "sonobench.manifest/1", "rows": [{"cases": "a"}]}', "which is not known"),
            ('{"rows": [], "rows": []}', "stands twice"),
        ],
    )
    def test_json_that_is_none_is_refused(self, data: Data, text: str, told: str) -> None:
        (data.folder / "m.json").write_text(text)
        with pytest.raises(ChallengeError, match=told):
            read_manifest(data.folder / "m.json")


class TestAgainstTheManifest:
    def test_a_changed_image_and_a_changed_mask_are_found(self, data: Data) -> None:
        manifest = make_manifest(data.loaded)
        data.image(1, 99)
        data.mask(2, shape=(6, 4))
        Image.fromarray(np.ones((6, 4), np.uint8)).save(data.folder / "truth/2.png")
        found = verify(data.loaded, manifest)
        assert codes(found) == [("error", "hash-differs", "img/1.png"), ("error", "mask-hash-differs", "img/2.png")]
        assert not found.is_sound

    def test_missing_extra_and_doubled_rows_are_told_with_their_line(self, data: Data) -> None:
        lines = make_manifest(data.loaded).to_csv().splitlines()
        strange = lines[1].replace("img/1.png", "img/7.png")
        (data.folder / "m.csv").write_text("\n".join([lines[0], lines[1], lines[1], lines[2], strange]))
        report = verify(data.loaded, read_manifest(data.folder / "m.csv"))
        assert [(each.code, each.case, each.row) for each in report.findings] == [
            ("doubled-row", "img/1.png", 3),
            ("not-in-manifest", "img/3.png", None),
            ("not-in-challenge", "img/7.png", 5),
        ]

    def test_what_differs_from_the_challenge_is_told(self, data: Data) -> None:
        made = make_manifest(data.loaded)
        changed = replace(made, rows=(replace(made.rows[0], subject="s9", phase="final"), *made.rows[1:]))
        assert [each.sentence for each in verify(data.loaded, changed).findings] == [
            "has phase 'final' in the manifest and 'pilot' in the challenge",
            "has subject 's9' in the manifest and 's1' in the challenge",
        ]

    def test_columns_that_are_not_there_are_not_compared(self, data: Data) -> None:
        rows = make_manifest(data.loaded).rows
        (data.folder / "m.csv").write_text("case,path,sha256\n" + "\n".join(f"{r.case},{r.path},{r.sha256}" for r in rows))
        assert verify(data.loaded, read_manifest(data.folder / "m.csv")).findings == ()

    def test_a_missing_file_is_told_by_what_it_is_needed_for(self, data: Data) -> None:
        manifest = make_manifest(data.loaded)
        (data.folder / "images/img/2.png").unlink()
        assert codes(verify(data.loaded, manifest)) == [("error", "image", "img/2.png"), ("error", "missing-file", "img/2.png")]


class TestLeaks:
    def test_the_same_image_in_two_phases_is_an_error(self, data: Data) -> None:
        data.image(2, 1)
        (finding,) = verify(data.loaded).findings
        assert (finding.level, finding.code, finding.case, finding.phase) == ("error", "leak", "img/2.png", "final")
        assert "the very image of img/1.png in pilot" in finding.sentence

    def test_the_same_image_twice_in_one_phase_would_count_twice(self, data: Data) -> None:
        data.image(3, 2)
        assert codes(verify(data.loaded)) == [("error", "same-image", "img/3.png")]

    def test_the_same_image_under_two_tasks_is_worth_a_look(self, data: Data) -> None:
        second = "- {id: u, kind: binary, dataset_name: U, organ: U, classes: [no, yes], metrics: [{name: acc}]}\ncases:"
        data.text = data.text.replace("cases:", second).replace(
            '{id: img/3.png, task: t, center: a, subject: "=s3", mask: 3.png}', "{id: img/3.png, task: u, center: a, label: 1}"
        )
        (data.folder / "truth/3.png").unlink()
        data.image(3, 2)
        report = verify(data.loaded)
        assert codes(report) == [("warning", "same-image", "img/3.png")]
        assert report.is_sound

    def test_a_subject_in_two_phases_is_told_once(self, data: Data) -> None:
        data.text = data.text.replace("s2", "s1").replace('"=s3"', "s1")
        report = verify(data.loaded)
        assert codes(report) == [("warning", "same-subject", "img/2.png")]
        assert report.is_sound


class TestFiles:
    def test_masks_are_checked_for_size_values_and_content(self, data: Data) -> None:
        data.mask(1, shape=(4, 6))
        data.mask(2, value=7)
        data.mask(3, value=0)
        report = verify(data.loaded)
        assert codes(report) == [
            ("error", "mask", "img/1.png"),
            ("error", "mask", "img/2.png"),
            ("warning", "empty-mask", "img/3.png"),
        ]
        assert "has value 7, which names no structure of t" in report.findings[1].sentence
        assert (report.errors, report.warnings) == (2, 1)

    def test_a_volume_that_lies_elsewhere_and_a_spacing_that_is_said_otherwise(self, data: Data) -> None:
        data.text = data.text.replace("name: two", "name: two\ncontract: json-list")
        data.text = data.text.replace("img/2.png", "img/2.nii.gz").replace("mask: 2.png", "pixel_size_mm: 3, mask: 2.nii.gz")
        voxels = np.ones((3, 4, 5), np.uint8)
        for path, shift in (("images/img/2.nii.gz", 0.0), ("truth/2.nii.gz", 5.0)):
            affine = np.diag([1.0, 1.0, 1.0, 1.0])
            affine[0, 3] = shift
            nibabel.Nifti1Image(voxels, affine).to_filename(data.folder / path)
        for gone in ("images/img/2.png", "truth/2.png"):
            (data.folder / gone).unlink()
        report = verify(data.loaded)
        assert codes(report) == [("error", "mask", "img/2.nii.gz"), ("warning", "spacing", "img/2.nii.gz")]
        assert "its first voxel is 5 mm away" in report.findings[0].sentence

    def test_files_that_no_case_names_are_told(self, data: Data) -> None:
        (data.folder / "images/img/4.png").write_bytes(b"x")
        (data.folder / "truth/\udcffodd").write_bytes(b"x")
        assert codes(verify(data.loaded)) == [
            ("warning", "extra-file", "images/img/4.png"),
            ("warning", "extra-file", "truth/\\udcffodd"),
        ]

    def test_links_out_of_the_folder_are_errors(self, data: Data) -> None:
        (data.folder / "images/img/1.png").unlink()
        (data.folder / "images/img/1.png").symlink_to("/etc/hostname")
        assert codes(verify(data.loaded))[0] == ("error", "image", "img/1.png")


class TestTheReport:
    def test_is_the_same_in_json_and_csv(self, data: Data) -> None:
        data.mask(3, value=0)
        data.image(2, 1)
        report = verify(data.loaded)
        document = json.loads(report.to_json())
        assert (document["schema"], document["sound"], document["errors"]) == ("sonobench.dataset_report/1", False, 1)
        rows = list(csv.DictReader(io.StringIO(report.to_csv())))
        assert [row["code"] for row in rows] == [each["code"] for each in document["findings"]] == ["leak", "empty-mask"]

    def test_of_one_phase_has_what_concerns_it(self, data: Data) -> None:
        data.mask(1, value=7)
        data.mask(2, value=0)
        report = verify(data.loaded)
        assert [each.case for each in report.of_phase("pilot").findings] == ["img/1.png"]
        assert report.of_phase("final").is_sound

    def test_columns_are_stable(self) -> None:
        assert (
            *("case", "task", "phase", "subject", "center", "role"),
            *("path", "sha256", "mask", "mask_sha256"),
        ) == COLUMNS
