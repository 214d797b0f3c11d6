"""The commands that a team is shown are commands that there are, and can be pasted whatever the challenge is called."""

from __future__ import annotations

import shlex

import pytest
import typer

from sonobench_eval.cli.main import make_app
from sonobench_platform.web import portal_commands as commands
from sonobench_platform.web.portal_commands import Place

PLACE = Place("https://bench.example.org", "registry.example.org", "uusic25", "final", "team-k3jw5xq2m7ud4n6a")
TOKEN = "sbt_abc"
EVERY = "\n".join(
    (
        commands.log_in(PLACE, TOKEN),
        commands.begin(),
        commands.try_out(PLACE),
        commands.submit(PLACE),
        commands.push(PLACE, TOKEN),
    )
)


def _ours(text: str) -> list[list[str]]:
    """Each command of ours, as words behind `sonobench`."""
    parts = [part.strip() for line in text.splitlines() for part in line.split("|")]
    return [shlex.split(part)[1:] for part in parts if part.startswith("sonobench ")]


@pytest.mark.parametrize("words", _ours(EVERY), ids=" ".join)
def test_the_command_line_takes_them(words: list[str]) -> None:
    command = typer.main.get_command(make_app())
    while hasattr(command, "commands"):
        command = command.commands[words[0]]
        words = words[1:]
    command.make_context("sonobench", words, resilient_parsing=False).close()


def test_five_of_them_are_of_the_command_line() -> None:
    assert [words[0] for words in _ours(EVERY)] == ["login", "init", "challenge", "test", "submit", "submit"]


class TestATokenInThem:
    def test_a_fresh_one_is_filled_in_where_it_belongs(self) -> None:
        assert commands.log_in(PLACE, TOKEN).startswith(
            "printf '%s\\n' sbt_abc | sonobench login --server https://bench.example.org"
        )
        assert commands.push(PLACE, TOKEN).startswith("printf '%s' sbt_abc | docker login registry.example.org --username team")

    def test_without_one_the_variable_stands_there(self) -> None:
        assert commands.log_in(PLACE, "").startswith("printf '%s\\n' \"$SONOBENCH_TOKEN\" |")

    def test_it_is_no_argument_of_a_program_that_others_on_the_machine_see(self) -> None:
        for command in commands.push(PLACE, TOKEN).splitlines():
            assert all(TOKEN not in part for part in command.split("|")[1:])


class TestAPhase:
    def test_it_is_named_where_several_take_images(self) -> None:
        assert "--phase final" in commands.submit(PLACE)

    def test_it_is_left_out_where_there_is_one(self) -> None:
        assert "--phase" not in commands.submit(PLACE._replace(phase=""))


def test_no_name_becomes_a_command_of_its_own() -> None:
    hostile = PLACE._replace(challenge="x; rm -rf ~", phase="$(id)", server="https://x/`id`")
    for text in (
        commands.log_in(hostile, "a'; id"),
        commands.submit(hostile),
        commands.push(hostile, ""),
        commands.try_out(hostile),
    ):
        for line in text.splitlines():
            words = shlex.split(line)
            assert "rm" not in words
            assert "id" not in words
