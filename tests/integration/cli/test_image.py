"""`sonobench test` on a real engine, with an image of a megabyte."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from PIL import Image

pytestmark = pytest.mark.docker

Run = Callable[..., Any]


@pytest.fixture
def engine(docker_client: docker.DockerClient) -> docker.DockerClient:
    if not Path("/bin/busybox").exists():
        why = "these tests need /bin/busybox; install the package busybox-static"
        pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)
    return docker_client


@pytest.fixture
def challenge(engine: docker.DockerClient, sonobench: Run, uusic_folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "challenge.yaml"
    assert sonobench("import", "uusic25", uusic_folder, "-o", path).returncode == 0
    lines = path.read_text().splitlines()
    # The images here bring their answers along under the cases' names, which pseudonyms are there to defeat.
    changed = {"  time_s:": "  time_s: 5s", "pseudonyms:": "pseudonyms: false"}
    path.write_text("\n".join(changed.get(line.partition(":")[0] + ":", line) for line in lines) + "\n")
    return path


@pytest.fixture(autouse=True)
def _nothing_is_left(engine: docker.DockerClient) -> Iterator[None]:
    yield
    tags = {tag for image in engine.api.images() for tag in image["RepoTags"] or ()}
    assert not [tag for tag in tags if tag.startswith("sonobench/test:")]


class TestTest:
    def test_a_good_image_passes_and_its_report_has_scores_and_measurements(
        self, sonobench: Run, challenge: Path, image: Callable[[str], Path], tmp_path: Path
    ) -> None:
        tested = sonobench(
            "test", image("sleep 0.3; cp -r /answers/. /output/"), challenge, "--json", "report.json", "--keep-results", "r.tar"
        )
        assert tested.returncode == 0, tested.stdout + tested.stderr
        assert "It ended by itself, without an error." in tested.stdout
        assert "The platform would take this image and score every result" in tested.stdout
        report = json.loads((tmp_path / "report.json").read_text())
        assert report["passed"] is True
        assert report["measurement"]["wall_time_s"] > 0
        assert report["measurement"]["peak_gpu_memory_bytes"] is None
        assert {each["value"] for each in report["evaluation"]["means"]} == {1.0}
        assert {check["state"] for check in report["checks"] if check["name"] != "This machine"} == {"ok"}
        assert report["predicted"] == {"seconds": pytest.approx(report["measurement"]["wall_time_s"]), "cases": 4, "tried": 4}
        again = sonobench("score", challenge, "r.tar", "--json", "-")
        assert json.loads(again.stdout)["tasks"] == report["evaluation"]["tasks"]
        ranked = json.loads(sonobench("rank", "report.json", "--challenge", challenge, "--json", "-").stdout)
        assert ranked["rows"][0]["time_s"] == report["measurement"]["wall_time_s"]

    @pytest.mark.parametrize(
        ("script", "words"),
        [
            ("cp -r /answers/. /output/; rm /output/classification.json", "some of its results cannot be used"),
            ("cp -r /answers/. /output/; exit 3", "✗"),
            ("sleep 60", "time limit of 5 s"),
        ],
    )
    def test_an_image_that_would_fail_ends_with_3(
        self, sonobench: Run, challenge: Path, image: Callable[[str], Path], script: str, words: str
    ) -> None:
        tested = sonobench("test", image(script), challenge)
        assert tested.returncode == 3, tested.stdout + tested.stderr
        assert words in tested.stdout

    def test_masks_of_another_size_are_told_with_both_sizes_and_the_cure(
        self, sonobench: Run, challenge: Path, uusic_folder: Path, image: Callable[[str], Path]
    ) -> None:
        for path in (uusic_folder / "images/segmentation/Head/img").iterdir():
            Image.new("L", (40, 30)).save(path)
        for path in (uusic_folder / "truth/segmentation/Head/mask").iterdir():
            Image.new("L", (40, 30)).save(path)
        tested = sonobench("test", image("cp -r /answers/. /output/"), challenge)
        assert tested.returncode == 3
        assert "2 masks differ in size from their images (32 x 24 pixels instead of 40 x 30)." in tested.stdout
        assert "Resize each mask" in tested.stdout

    def test_its_log_is_shown_harmless(self, sonobench: Run, challenge: Path, image: Callable[[str], Path]) -> None:
        tested = sonobench("test", image("printf 'one\\033]0;title\\007\\033[31mtwo\\n'; exit 3"), challenge)
        assert tested.returncode == 3
        assert "  | onetwo" in tested.stderr
        assert "\x1b" not in tested.stderr + tested.stdout

    def test_what_is_no_image_is_refused_with_3(self, sonobench: Run, challenge: Path, tmp_path: Path) -> None:
        (tmp_path / "no.tar").write_bytes(b"no image at all")
        refused = sonobench("test", "no.tar", challenge)
        assert refused.returncode == 3
        assert refused.stderr.startswith("sonobench: ")

    @pytest.mark.parametrize("option", ["--json", "--keep-results"])
    def test_a_place_that_is_not_there_is_told_before_anything_is_run(
        self, sonobench: Run, challenge: Path, image: Callable[[str], Path], option: str, tmp_path: Path
    ) -> None:
        refused = sonobench("test", image("exit 0"), challenge, option, "nowhere/file")
        assert (refused.returncode, refused.stderr) == (1, "sonobench: There is no folder nowhere to write file to.\n")
        assert not (tmp_path / "nowhere").exists()

    def test_a_tag_that_is_not_there_ends_with_5(self, sonobench: Run, challenge: Path) -> None:
        refused = sonobench("test", "sonobench-no-such-image:none", challenge)
        assert refused.returncode == 5
        assert "sonobench-no-such-image:none" in refused.stderr

    def test_a_missing_engine_is_one_sentence(self, sonobench: Run, challenge: Path, image: Callable[[str], Path]) -> None:
        refused = sonobench("test", image("true"), challenge, DOCKER_HOST="unix:///nowhere.sock")
        assert refused.returncode == 1
        assert refused.stderr.strip().splitlines()[-1].startswith("sonobench: No Docker Engine answers at unix:///nowhere.sock.")


class TestSample:
    def test_without_references_results_are_checked_and_the_whole_time_is_predicted(
        self, sonobench: Run, challenge: Path, uusic_folder: Path, image: Callable[[str], Path], tmp_path: Path
    ) -> None:
        sample = tmp_path / "sample"
        entries = json.loads((uusic_folder / "ground_truth.json").read_text())[:3]
        hidden = {"mask_path_relative", "label", "center", "subject"}
        (sample / "images").mkdir(parents=True)
        for entry in entries:
            target = sample / "images" / entry["img_path_relative"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((uusic_folder / "images" / entry["img_path_relative"]).read_bytes())
        cases = [{key: value for key, value in entry.items() if key not in hidden} for entry in entries]
        (sample / "participants.json").write_text(json.dumps(cases))
        tested = sonobench(
            "test", image("sleep 0.3; cp -r /answers/. /output/"), challenge, "--sample", sample, "--json", "report.json"
        )
        assert tested.returncode == 0, tested.stdout + tested.stderr
        report = json.loads((tmp_path / "report.json").read_text())
        assert (report["evaluation"], report["predicted"]["cases"], report["predicted"]["tried"]) == (None, 4, 3)
        assert report["predicted"]["seconds"] == pytest.approx(report["measurement"]["wall_time_s"] * 4 / 3)
        assert "so nothing was scored" in tested.stdout
        assert "1 answer is for a case that does not exist" in tested.stdout


class TestPseudonyms:
    """As the platform gives the cases by default: under names that nobody could have kept answers for."""

    LIST = """/bin/busybox awk -F'"' '/img_path_relative/ {print $4}' /input_json"""

    @pytest.fixture
    def challenge(self, engine: docker.DockerClient, sonobench: Run, uusic_folder: Path, tmp_path: Path) -> Path:
        path = tmp_path / "challenge.yaml"
        assert sonobench("import", "uusic25", uusic_folder, "-o", path).returncode == 0
        return path

    def test_right_answers_under_the_cases_own_names_are_no_answers(
        self, sonobench: Run, challenge: Path, image: Callable[[str], Path]
    ) -> None:
        tested = sonobench("test", image("cp -r /answers/. /output/"), challenge)
        assert tested.returncode == 3
        assert "have no result" in tested.stdout

    def test_kept_results_are_scored_again_with_the_key_and_logs_speak_of_the_cases_own_names(
        self, sonobench: Run, challenge: Path, image: Callable[[str], Path], tmp_path: Path
    ) -> None:
        # Every image is its own mask: wrong, but written where the mask of a pseudonym belongs.
        write = 'mkdir -p "/output/$(dirname "$to")"; cp "/input/$name" "/output/$to"; echo "read $name" >&2'
        loop = f'for name in $({self.LIST}); do to=$(echo "$name" | /bin/busybox sed s/img/mask/g); {write}; done'
        script = loop.replace("mkdir", "/bin/busybox mkdir").replace("dirname", "/bin/busybox dirname")
        tested = sonobench("test", image(script), challenge, "--json", "report.json", "--keep-results", "r.tar")
        report = json.loads((tmp_path / "report.json").read_text())
        assert report["evaluation"]["made_from"]["pseudonyms"] is True, tested.stderr
        scored = sonobench("score", challenge, "r.tar", "--pseudonym-key", report["pseudonym_key"], "--json", "-")
        again = json.loads(scored.stdout)
        assert (again["tasks"], again["findings"]) == (report["evaluation"]["tasks"], report["evaluation"]["findings"])
        failed = sonobench("test", image(f"{script}; exit 3"), challenge)
        own = [case["id"] for case in report["evaluation"]["cases"]]
        assert all(f"read {name}" in failed.stderr for name in own)
