"""Which limits bit, weighed. Pure: the traces of the trials in, one check for each limit out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sonobench_eval.doctor.report import Check, Verdict
from sonobench_eval.doctor.trial import (
    FLOOD_BYTES,
    HUNGER_BYTES,
    HUNGER_LIMITS,
    ISOLATION_LIMITS,
    LOG_LINES,
    MANY_FILES,
    MANY_OPEN_FILES,
    MANY_PROCESSES,
    STUBBORN_LIMITS,
    Trace,
)
from sonobench_eval.sandbox.docker_engine.tiny_elf import read_answers
from sonobench_eval.sandbox.limits import FOLDERS_IN_OUTPUT

PAGE_BYTES = 4096
_CPU_SLACK = 1.6
"""A quota is handed out in slices, so a short burn may have taken some more. Without one it takes four times its share."""
_CPU_REACHED = 0.7
"""Who took so much of a share came to its end, and was stopped there."""
_LOG_SLACK = 3.0
"""The engine keeps two files of the limit, and notices that one is full when it is."""
_ENDS_WITHIN_S = 10.0
_TIMES = re.compile(r"(\d+)m([\d.]+)s (\d+)m([\d.]+)s")
_CONTROL_GROUPS = "Have the runtime use control groups (gVisor: without --ignore-cgroups), with their controllers turned on."
_MOUNTS = "See that the engine mounts tmpfs volumes with their options; another volume plug-in may have taken them."


def limit_checks(*, isolation: Trace, hunger: Trace, stubborn: Trace) -> Iterator[Check]:
    """One check for each limit of a run."""
    yield _memory(hunger)
    yield _processor(hunger)
    yield _processes(isolation)
    yield _open_files(isolation)
    limits = ISOLATION_LIMITS
    yield _flood(isolation, "flood.tmp", "Size of /tmp", limits.scratch_bytes)
    yield _flood(isolation, "flood.shm", "Size of /dev/shm", limits.shm_bytes)
    yield _flood(isolation, "flood.output", "Size of results", limits.output_bytes)
    yield _result_files(isolation)
    yield _core_dumps(isolation)
    yield _log(stubborn)
    yield _time(stubborn)


def _check(name: str, verdict: Verdict, found: str, cure: str = "") -> Check:
    return Check(name, verdict, found, cure, kind="limit")


def _unknown(name: str) -> Check:
    return _check(
        name, "unknown", "the probe did not say", "Run `sonobench doctor` again; its log says more with SONOBENCH_DEBUG=1."
    )


def _memory(hunger: Trace) -> Check:
    name, asked = "Memory and swap", f"{HUNGER_BYTES // 2**20} MiB"
    had, outcome = hunger.said.get("memory.had"), hunger.outcome
    if had == "yes":
        return _check(name, "bad", f"a program took {asked} where it may have a quarter of that", _CONTROL_GROUPS)
    if outcome is None or not outcome.oom_killed:
        return _unknown(name)
    return _check(name, "ok", f"a program that asked for {asked}, four times its limit, was ended")


def _processor(hunger: Trace) -> Check:
    """By what was taken, and by the kernel's own count: on a busy node programs take little, limit or no limit."""
    name, share = "Processor", HUNGER_LIMITS.cpus
    took, throttled = _share_taken(hunger), _number(hunger, "cpu.throttled")
    if took is None:
        return _unknown(name)
    if took > share * _CPU_SLACK:
        return _check(name, "bad", f"programs took {took:.2f} processors where they may have {share:g}", _CONTROL_GROUPS)
    found = f"programs took {took:.2f} processors of the {share:g} allowed"
    if throttled == 0 and _number(hunger, "cpu.quota") is None:
        return _check(name, "bad", f"nothing held programs back; this node was busy, so they took {took:.2f}", _CONTROL_GROUPS)
    if throttled is None and took < share * _CPU_REACHED:
        return _check(name, "unknown", f"{found}, as this node is busy", "Run `sonobench doctor` again when it has less to do.")
    return _check(name, "ok", found)


def _share_taken(hunger: Trace) -> float | None:
    """Processor time over wall time of the burning programs; None where either was not told."""
    wall, times = hunger.said.get("cpu.wall", "").split(), _TIMES.match(hunger.said.get("cpu.times", ""))
    try:
        took_s = float(wall[1]) - float(wall[0])
    except (IndexError, ValueError):
        return None
    if times is None or took_s <= 0:
        return None
    user_min, user_s, system_min, system_s = map(float, times.groups())
    return (60 * (user_min + system_min) + user_s + system_s) / took_s


def _processes(isolation: Trace) -> Check:
    started, most = _number(isolation, "flood.processes"), ISOLATION_LIMITS.pids
    if started is None:
        return _unknown("Processes")
    if started >= min(MANY_PROCESSES, most + 1):
        return _check("Processes", "bad", f"a program started {started} others where {most} may be", _CONTROL_GROUPS)
    return _check("Processes", "ok", f"a program that started others was stopped at {started} of {most}")


def _open_files(isolation: Trace) -> Check:
    name, most = "Open files", ISOLATION_LIMITS.open_files
    try:
        answered = read_answers(isolation.printed.get("many.bin", b""))
    except ValueError:
        answered = ()
    if len(answered) != 1:
        return _unknown(name)
    opened = answered[0].tries - (1 if answered[0].result < 0 else 0)
    if opened >= min(MANY_OPEN_FILES, most):
        return _check(name, "bad", f"a program opened {opened} where {most} may be", "See `default-ulimits` in daemon.json.")
    return _check(name, "ok", f"a program was stopped below {most}")


def _flood(isolation: Trace, field: str, name: str, most_bytes: int) -> Check:
    written = _number(isolation, field)
    if written is None:
        return _unknown(name)
    if written > most_bytes + PAGE_BYTES:
        said = f"a program wrote {_size(written)} where {_size(most_bytes)} may be"
        return _check(name, "bad", said + (", and more was to be had" if written >= FLOOD_BYTES else ""), _MOUNTS)
    if written < most_bytes // 2:
        return _check(name, "warn", f"full at {_size(written)} of {_size(most_bytes)}", _MOUNTS)
    return _check(name, "ok", f"full at {_size(written)}")


def _result_files(isolation: Trace) -> Check:
    name, most = "Number of results", ISOLATION_LIMITS.output_files + FOLDERS_IN_OUTPUT
    made = _number(isolation, "flood.files")
    if made is None:
        return _unknown(name)
    if made >= min(MANY_FILES, most):
        return _check(name, "bad", f"a program made {made:,} files where {most:,} may be", _MOUNTS)
    return _check(name, "ok", f"a program that made files was stopped at {made:,}")


def _core_dumps(isolation: Trace) -> Check:
    files, limit = isolation.said.get("core.files"), isolation.said.get("core.limit")
    if files is None or limit is None:
        return _unknown("Core dumps of containers")
    if files or limit != "0":
        return _check("Core dumps of containers", "bad", f"allowed (limit {limit})", "See `default-ulimits` in daemon.json.")
    return _check("Core dumps of containers", "ok", "none")


def _log(stubborn: Trace) -> Check:
    name, most, kept = "Log", STUBBORN_LIMITS.log_bytes, stubborn.log_bytes
    if kept is None or stubborn.said.get("done") != "yes":
        return _unknown(name)
    printed = f"{LOG_LINES * 1000 / 1e6:g} MB"
    if kept > _LOG_SLACK * most:
        cure = "Containers log with the driver `local`; see that the engine has it and takes its max-size."
        return _check(name, "bad", f"{_size(kept)} were kept of {printed}, where {_size(most)} twice over may be", cure)
    return _check(name, "ok", f"{_size(kept)} were kept of the {printed} that a program printed")


def _time(stubborn: Trace) -> Check:
    name, outcome, most_s = "Time", stubborn.outcome, STUBBORN_LIMITS.time_s
    took_s = None if outcome is None else outcome.measurement.wall_time_s
    if outcome is None or took_s is None:
        return _unknown(name)
    if not outcome.timed_out or took_s > most_s + _ENDS_WITHIN_S:
        return _check(name, "bad", f"a program that ignores signals ran {took_s:.1f} s", "See the engine's log.")
    return _check(name, "ok", f"a program that ignores signals was ended after {took_s:.1f} s")


def _number(trace: Trace, name: str) -> int | None:
    said = trace.said.get(name, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 15 else None


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.0f} KiB"
