"""`sonobench demo`: the whole path on one machine, through the public HTTP API like anyone else.

Teams, tokens, uploads and boards stay in the demo's home, so a second demo finds the images scored already.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rich.live import Live

from sonobench_eval.challenge.errors import ChallengeError
from sonobench_eval.challenge.phantom import PhantomError
from sonobench_eval.cli.client import Client, file_sha256
from sonobench_eval.cli.console import moving, say, show, stderr, write_whole
from sonobench_eval.cli.exits import ExitCode
from sonobench_eval.cli.render import leaderboard_table
from sonobench_eval.cli.render_status import submissions_table
from sonobench_eval.cli.watching import state_words
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.sandbox.docker_engine import DockerEngine
from sonobench_eval.sandbox.port import SandboxTrouble
from sonobench_platform.accounts.service import TokenFileError
from sonobench_platform.commands.demo_scene import Entry, build_entries, find_checkout, set_the_test
from sonobench_platform.commands.demo_server import DemoServer, serving
from sonobench_platform.commands.opening import opened
from sonobench_platform.commands.trouble import CommandError, told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.domain.errors import Conflict, Refusal
from sonobench_platform.domain.states import State

Json = dict[str, Any]

_ASK_EVERY_S = 0.5
_KNOWN = (ChallengeError, PhantomError, Refusal, SandboxTrouble, TokenFileError)


def demo(*, once: bool, data: Path | None, port: int | None, home: Path | None) -> None:
    """Build, hand in, run, score, rank, show; then serve until Ctrl-C, or end at once. Leaves nothing running."""
    signal.signal(signal.SIGTERM, _end_like_interrupt)
    _forget_configuration()
    with told_in_a_sentence(*_KNOWN), _interruptible():
        checkout = find_checkout()
        DockerEngine.connect()
        home = (home or checkout / "var" / "demo").expanduser().resolve()
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = Settings(home=home)
        entries = build_entries(checkout)
        challenge = _register(settings, set_the_test(home, data))
        with serving(home, port) as server:
            _show_the_path(settings, server, challenge, entries)
            if not once:
                _serve_on(server)


def _show_the_path(settings: Settings, server: DemoServer, challenge: str, entries: Sequence[Entry]) -> None:
    with ExitStack() as held:
        organiser = held.enter_context(Client(server.address, _token(settings)))
        tokens = _register_teams(organiser, settings.home / "demo-teams.json", [entry.team for entry in entries])
        ids = [_hand_in(server, organiser, challenge, entry, tokens[entry.team]) for entry in entries]
        ended = _watch(server, organiser, ids)
        _show_board(server, organiser, challenge, ended)


def _register(settings: Settings, file: Path) -> str:
    """Register the challenge on the database, as `sonobench admin challenge add` does; its name."""
    with opened(settings) as platform:
        try:
            return platform.register_challenge(file).name
        except Conflict:
            raise CommandError(
                f"{settings.home} holds a demo whose test set was another one; remove that folder, or name another with --home"
            ) from None


def _token(settings: Settings) -> str:
    return (settings.organiser_token_file or settings.home / "organiser-token").read_text().strip()


def _register_teams(organiser: Client, kept: Path, teams: Sequence[str]) -> dict[str, str]:
    """Team -> token. Tokens are shown once, so the demo keeps them beside its database, for its owner alone."""
    tokens: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
    for team in teams:
        if team not in tokens:
            tokens[team] = organiser.post("/api/v1/teams", {"name": team})["token"]
            write_whole(kept, json.dumps(tokens, indent=1).encode(), mode=0o600)
    return tokens


def _hand_in(server: DemoServer, organiser: Client, challenge: str, entry: Entry, token: str) -> str:
    """Upload the entry, unless the same image was handed in before and ended as it should; the submission's id."""
    known = organiser.get(f"/api/v1/submissions?challenge={challenge}&limit=500")["items"]
    for each in known:
        if each["team"]["name"] == entry.team and (each["image"] or {}).get("digest") == entry.digest and _counts(each):
            say(f"{entry.team}: handed in before ({each['id']}, {each['state']})")
            return str(each["id"])
    with Client(server.address, token) as team:
        opened = team.post(f"/api/v1/challenges/{challenge}/submissions", {"size_bytes": entry.tar.stat().st_size})
        with moving(f"{entry.team}: reading") as progress:
            sha256 = file_sha256(entry.tar, progress)
        with moving(f"{entry.team}: uploading") as progress:
            team.put_file(opened["upload_url"], entry.tar, sha256=sha256, progress=progress)
    say(f"{entry.team}: handed in {entry.tar.stat().st_size / 1e6:,.0f} MB")
    return str(opened["submission"]["id"])


def _counts(submission: Json) -> bool:
    """Whether an old submission still says what a new one would: on its way, scored, or failed by its own fault."""
    if submission["state"] == State.FAILED:
        return bool(submission["failure"]["blame"] == "participant")
    return submission["state"] not in {State.UPLOADING, State.REJECTED, State.CANCELLED, State.WITHDRAWN}


def _watch(server: DemoServer, organiser: Client, ids: Sequence[str]) -> list[Json]:
    """Show the states until every submission has ended: a table on a terminal, a line for each change elsewhere."""
    seen: dict[str, str] = {}
    with Live(console=stderr(), transient=True, auto_refresh=False) if sys.stderr.isatty() else ExitStack() as live:
        while True:
            server.check()
            found = [organiser.get(f"/api/v1/submissions/{each}") for each in ids]
            if isinstance(live, Live):
                live.update(submissions_table(found), refresh=True)
            else:
                _say_changes(found, seen)
            if all(not State(each["state"]).is_open for each in found):
                return found
            time.sleep(_ASK_EVERY_S)


def _say_changes(found: Sequence[Json], seen: dict[str, str]) -> None:
    for each in found:
        words = state_words(each)
        if seen.get(each["id"]) != words:
            seen[each["id"]] = words
            say(f"{each['team']['name']}: {words}")


def _show_board(server: DemoServer, organiser: Client, challenge: str, ended: Sequence[Json]) -> None:
    if any(each["state"] == State.SCORED for each in ended):
        board = Leaderboard.from_json(organiser.get_text(f"/api/v1/challenges/{challenge}/leaderboard"))
        show(leaderboard_table(board))
    for each in ended:
        if each["failure"] is not None:
            show(f"{each['team']['name']} is not on the board: {each['failure']['sentence']}")
    show(f"The page: {server.address}/challenges/{challenge}/leaderboard")
    if not any(each["state"] == State.SCORED for each in ended):
        raise CommandError("no image was scored; the lines above and the logs in the demo's home say why")


def _serve_on(server: DemoServer) -> None:
    say("Serving until Ctrl-C.")
    try:
        server.wait_for_its_end()
    except KeyboardInterrupt:
        say("")


def _forget_configuration() -> None:
    """A configuration meant for a real server must not lead the demo there: it keeps to its own home and broker."""
    for field in Settings.model_fields:
        os.environ.pop(f"SONOBENCH_{field.upper()}", None)
    # The images are those of this checkout: no stranger's runs here, whatever limits bite on this machine.
    os.environ["SONOBENCH_ACCEPT_UNSAFE_NODE"] = "true"


@contextmanager
def _interruptible() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise CommandError("interrupted; a later demo goes on from here", ExitCode.INTERRUPTED) from None


def _end_like_interrupt(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # told once is enough: a second one must not cut the ending short
    raise KeyboardInterrupt
