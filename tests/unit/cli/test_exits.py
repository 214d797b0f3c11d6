"""Every fault becomes one sentence and the right exit code."""

from __future__ import annotations

import errno
import os

import pytest

from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.cli.exits import CommandError, ExitCode, ending_of
from sonobench_eval.intake.records import ImageRefused
from sonobench_eval.io.sources import ResultsUnreadable
from sonobench_eval.pipeline import UnusableReferenceError
from sonobench_eval.pipeline_run import InputsIncomplete
from sonobench_eval.ranking.build import BoardError
from sonobench_eval.ranking.table import RankTableError
from sonobench_eval.sandbox.port import EngineMissing, SandboxTrouble


class TestErrorsOfTheEvaluator:
    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (ChallengeError("c.yaml:3: tasks: must not be empty"), ExitCode.ERROR),
            (UnusableReferenceError("a mask is missing"), ExitCode.ERROR),
            (ResultsUnreadable("r: there is no such folder of results"), ExitCode.ERROR),
            (BoardError("a team has two entries"), ExitCode.ERROR),
            (RankTableError("t.csv, line 2: no number"), ExitCode.ERROR),
            (EngineMissing("No Docker Engine answers."), ExitCode.ERROR),
            (InputsIncomplete("An image is missing."), ExitCode.ERROR),
            (SandboxTrouble("The engine did not answer."), ExitCode.RETRY),
            (ImageRefused("not_an_image", "The upload is not an image."), ExitCode.TEST_FAILED),
            (CommandError("Closed.", ExitCode.REFUSED), ExitCode.REFUSED),
        ],
    )
    def test_its_own_sentence_is_kept(self, error: Exception, code: ExitCode) -> None:
        assert ending_of(error) == (str(error), code)

    def test_what_an_engine_says_of_its_node_is_explained(self) -> None:
        ending = ending_of(SandboxTrouble("The Docker Engine could not create a container: Unknown runtime specified nosuch"))
        assert "Unknown runtime specified nosuch. The node lacks the container runtime" in ending.sentence
        assert ending.code is ExitCode.RETRY

    def test_an_error_that_only_has_the_same_name_is_not_taken_for_ours(self) -> None:
        class ChallengeError(Exception):
            pass

        ChallengeError.__module__ = "elsewhere"
        assert "made a mistake" in ending_of(ChallengeError("x")).sentence


class TestErrorsOfTheSystem:
    @pytest.mark.parametrize(
        ("number", "words"),
        [
            (errno.ENOSPC, "The disk is full"),
            (errno.EDQUOT, "The disk is full"),
            (errno.ENOENT, "There is no file or folder /some/place."),
            (errno.EACCES, "may not be read or written by this user"),
            (errno.EEXIST, "is there already"),
            (errno.EISDIR, "is a folder, where a file is needed"),
            (errno.EROFS, "mounted read-only"),
            (errno.EIO, "/some/place: "),
        ],
    )
    def test_each_has_a_sentence_that_names_the_place(self, number: int, words: str) -> None:
        ending = ending_of(OSError(number, os.strerror(number), "/some/place"))
        assert words in ending.sentence
        assert "/some/place" in ending.sentence
        assert ending.code is ExitCode.ERROR

    def test_a_disk_that_is_full_without_a_name_is_still_told(self) -> None:
        assert ending_of(OSError(errno.ENOSPC, "No space left on device")).sentence.startswith("The disk is full.")

    def test_an_interrupt_ends_with_130(self) -> None:
        assert ending_of(KeyboardInterrupt()) == ("Interrupted.", ExitCode.INTERRUPTED)

    def test_an_unknown_mistake_is_owned_up_to(self) -> None:
        ending = ending_of(KeyError("x"))
        assert "Sonobench made a mistake" in ending.sentence
        assert "SONOBENCH_DEBUG=1" in ending.sentence
