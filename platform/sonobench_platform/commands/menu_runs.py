"""`sonobench admin rerun, rescore, decide, disqualify, reinstate, baseline`: names, options and help. See `admin_runs.py`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Where the platform keeps everything.", show_default="./var, or SONOBENCH_HOME"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Reason = Annotated[str, typer.Option(help="Why; it stands in the audit log.")]
Phase = Annotated[str | None, typer.Option(help="The phase.", show_default="the main one")]
Submission = Annotated[str, typer.Argument(metavar="SUBMISSION", help="The submission's id.")]
Challenge = Annotated[str, typer.Argument(metavar="CHALLENGE", help="The challenge's name.")]
Rescoring = Annotated[str, typer.Argument(metavar="RESCORING", help="The rescoring's id.")]


class Verdict(StrEnum):
    """What an organiser makes of a failure that no program can judge."""

    RERUN = "rerun"
    TEAM = "team"
    PLATFORM = "platform"


def add_to(admin: typer.Typer) -> None:
    """Add `rerun`, `decide`, `rescore` and `baseline`."""
    _add_runs(admin)
    rescore = typer.Typer(no_args_is_help=True, help="Score stored predictions again, look at what changes, publish or drop it.")
    baseline = typer.Typer(no_args_is_help=True, help="Submissions that are run again on a schedule, to notice nodes that drift.")
    admin.add_typer(rescore, name="rescore")
    admin.add_typer(baseline, name="baseline")
    _add_rescorings(rescore)
    _add_baselines(baseline)


def _add_runs(admin: typer.Typer) -> None:
    @admin.command("rerun")
    def rerun(
        *,
        submission: Annotated[
            str | None, typer.Argument(metavar="[SUBMISSION]", help="The submission's id.", show_default=False)
        ] = None,
        challenge: Annotated[
            str | None, typer.Option(help="Instead of one: everything that is scored in it.", show_default=False)
        ] = None,
        phase: Phase = None,
        reason: Reason,
        home: Home = None,
    ) -> None:
        """Run a submission again, or all of a phase. Scores and the board stay until the new ones are there."""
        from sonobench_platform.commands.admin_runs import rerun_one, rerun_phase
        from sonobench_platform.commands.settings import settings_with

        if (submission is None) == (challenge is None):
            raise typer.BadParameter("name a submission, or --challenge for all that is scored in it")
        if submission is not None:
            rerun_one(settings_with(home=home), submission, reason=reason)
        else:
            rerun_phase(settings_with(home=home), challenge or "", phase=phase, reason=reason)

    @admin.command("decide")
    def decide(
        submission: Submission,
        verdict: Annotated[Verdict, typer.Argument(help="Run it again, or whose fault it was.")],
        *,
        reason: Reason,
        home: Home = None,
    ) -> None:
        """Settle a failure that no program can judge: `rerun`, or the fault of the `team` or of the `platform`."""
        from sonobench_platform.commands.admin_runs import decide_failure
        from sonobench_platform.commands.settings import settings_with

        decide_failure(settings_with(home=home), submission, verdict.value, reason=reason)

    _add_ranks(admin)


def _add_ranks(admin: typer.Typer) -> None:
    @admin.command("disqualify")
    def disqualify(submission: Submission, *, reason: Reason, home: Home = None) -> None:
        """Take a submission out of the ranking. A team without another one stays on the board, unranked; it reads the reason."""
        from sonobench_platform.commands.admin_runs import disqualify_one
        from sonobench_platform.commands.settings import settings_with

        disqualify_one(settings_with(home=home), submission, reason=reason)

    @admin.command("reinstate")
    def reinstate(submission: Submission, *, reason: Reason, home: Home = None) -> None:
        """Rank a disqualified submission again."""
        from sonobench_platform.commands.admin_runs import reinstate_one
        from sonobench_platform.commands.settings import settings_with

        reinstate_one(settings_with(home=home), submission, reason=reason)


def _add_rescorings(rescore: typer.Typer) -> None:
    @rescore.command("start")
    def rescore_start(
        challenge: Challenge,
        *,
        reason: Reason,
        phase: Phase = None,
        submission: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.", show_default=False)] = None,
        home: Home = None,
        json: AsJson = False,
    ) -> None:
        """Have stored predictions scored again by the score worker. Nothing that counts changes before `publish`."""
        from sonobench_platform.commands.admin_runs import start_rescoring
        from sonobench_platform.commands.settings import settings_with

        settings = settings_with(home=home)
        start_rescoring(settings, challenge, phase=phase, reason=reason, submissions=submission or (), as_json=json)

    @rescore.command("list")
    def rescore_list(challenge: Challenge, home: Home = None, json: AsJson = False) -> None:
        """List a challenge's rescorings, newest first."""
        from sonobench_platform.commands.admin_runs import list_rescorings
        from sonobench_platform.commands.settings import settings_with

        list_rescorings(settings_with(home=home), challenge, as_json=json)

    @rescore.command("show")
    def rescore_show(rescoring: Rescoring, home: Home = None, json: AsJson = False) -> None:
        """Show how far it is, and then every team's rank and score as they are and as they would be."""
        from sonobench_platform.commands.admin_runs import show_rescoring
        from sonobench_platform.commands.settings import settings_with

        show_rescoring(settings_with(home=home), rescoring, as_json=json)

    @rescore.command("publish")
    def rescore_publish(rescoring: Rescoring, home: Home = None) -> None:
        """Let its evaluations count, and publish the board."""
        from sonobench_platform.commands.admin_runs import publish_rescored
        from sonobench_platform.commands.settings import settings_with

        publish_rescored(settings_with(home=home), rescoring)

    @rescore.command("drop")
    def rescore_drop(rescoring: Rescoring, home: Home = None) -> None:
        """Forget its evaluations; nothing that counts changes."""
        from sonobench_platform.commands.admin_runs import drop_rescored
        from sonobench_platform.commands.settings import settings_with

        drop_rescored(settings_with(home=home), rescoring)


def _add_baselines(baseline: typer.Typer) -> None:
    @baseline.command("set")
    def baseline_set(
        submission: Submission,
        *,
        every_hours: Annotated[float, typer.Option(min=1 / 6, max=90 * 24, help="Hours between two runs.")] = 24.0,
        home: Home = None,
    ) -> None:
        """Have a scored submission run again every so often; its score and the board never change by it."""
        from sonobench_platform.commands.admin_runs import make_baseline
        from sonobench_platform.commands.settings import settings_with

        make_baseline(settings_with(home=home), submission, every_s=every_hours * 3600)

    @baseline.command("remove")
    def baseline_remove(submission: Submission, home: Home = None) -> None:
        """Run it no more; its score stays."""
        from sonobench_platform.commands.admin_runs import unmake_baseline
        from sonobench_platform.commands.settings import settings_with

        unmake_baseline(settings_with(home=home), submission)

    @baseline.command("list")
    def baseline_list(home: Home = None, json: AsJson = False) -> None:
        """List baselines: when each is due, and what it took on which node."""
        from sonobench_platform.commands.admin_runs import list_baselines
        from sonobench_platform.commands.settings import settings_with

        list_baselines(settings_with(home=home), as_json=json)
