"""`sonobench admin backup` and `restore`: on the server itself, straight on its database."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from sonobench_eval.cli.console import say
from sonobench_platform.commands.opening import opened
from sonobench_platform.commands.trouble import told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.db.dump import DumpTrouble
from sonobench_platform.desk.backup import BackupTrouble, Manifest, back_up
from sonobench_platform.desk.restore import restore, verify
from sonobench_platform.wiring import Platform


def take_backup(settings: Settings, folder: Path, *, with_data: bool, as_json: bool) -> None:
    """Save everything into a new or empty folder."""
    with told_in_a_sentence(BackupTrouble, DumpTrouble), opened(settings) as platform:
        manifest = back_up(platform.core, folder, with_data=with_data)
    if as_json:
        told = {"folder": str(folder), "files": len(manifest.files), "size_bytes": manifest.size_bytes}
        print(json.dumps({**told, "created_at": manifest.created_at, "database": manifest.database}, indent=1))
        return
    print(f"Saved {_counted(manifest)} into {folder}.")
    say("It holds hidden references and the server's tokens: keep it as safe as the server.")


def check_backup(folder: Path) -> None:
    """See that every file is there and unchanged."""
    with told_in_a_sentence(BackupTrouble):
        print(f"{folder} is whole: {_counted(verify(folder))}.")


def restore_backup(settings: Settings, folder: Path) -> None:
    """Make a platform from a backup, and see that it opens."""
    with told_in_a_sentence(BackupTrouble, DumpTrouble):
        manifest = restore(settings, folder)
        with closing(Platform(settings)) as platform:
            platform.prepare()
    print(f"Restored {_counted(manifest)} into {settings.home}. Start `sonobench serve` and the workers on it.")


def _counted(manifest: Manifest) -> str:
    taken = manifest.created_at[:16].replace("T", " ")
    return f"{len(manifest.files):,} files ({manifest.size_bytes:,} bytes) of {taken} UTC"
