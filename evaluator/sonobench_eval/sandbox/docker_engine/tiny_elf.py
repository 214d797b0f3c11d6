"""Static programs for linux/amd64, written here byte by byte: a list of system calls in, an executable file out.

The keeper waits with one; probes and tests ask the kernel with others what a container may do. They need no compiler,
no library and nothing of an image, so what they find out is the sandbox's doing and nobody else's.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

_LOADED_AT = 0x400000
_ELF_HEADER_BYTES, _PROGRAM_HEADER_BYTES = 64, 56
_HEADERS_BYTES = _ELF_HEADER_BYTES + _PROGRAM_HEADER_BYTES
_READABLE, _WRITABLE, _EXECUTABLE = 4, 2, 1
_ANSWER = struct.Struct("<qQ")

_OPENAT, _WRITE, _EXIT_GROUP = 257, 1, 231
_AT_FDCWD, _CREATE_AND_APPEND, _READ_WRITE_BY_OWNER = -100, 0o2101, 0o600
_LARGEST_EXIT_CODE = 255
_ALIGNED_TO = 8
# `mov register, value` and `mov register, [address]` for the arguments, in the order of each ABI's registers.
_SET_64 = tuple(bytes.fromhex(code) for code in ("48bf", "48be", "48ba", "49ba", "49b8", "49b9"))
_LOAD_64 = tuple(bytes.fromhex(code) for code in ("488b3c25", "488b3425", "488b1425", "4c8b1425", "4c8b0425", "4c8b0c25"))
_SET_32 = tuple(bytes.fromhex(code) for code in ("bb", "b9", "ba", "be", "bf", "bd"))
_LOAD_32 = tuple(bytes.fromhex(code) for code in ("8b1c25", "8b0c25", "8b1425", "8b3425", "8b3c25", "8b2c25"))
_ENTER = {"x86_64": bytes.fromhex("0f05"), "i386": bytes.fromhex("cd80 4863c0")}
"""`syscall`; `int 0x80`, whose 32-bit answer is widened with its sign (`movsxd rax, eax`), as errors are negative."""


@dataclass(frozen=True, slots=True)
class ResultOf:
    """As an argument: what the call with this place in the list (from 0) returned, e.g. the descriptor it opened."""

    call: int


@dataclass(frozen=True, slots=True)
class _AnswersFrom:
    """As an argument: where the answer to this call is, and after it those to the next."""

    call: int


@dataclass(frozen=True, slots=True)
class Syscall:
    """One system call. `number` is the one of its ABI. Bytes as an argument become a pointer to them, which the kernel may
    write to; a zero byte follows them.

    `times` repeats it until it fails, at most so often. `abi` is `x86_64`, or `i386` for a call by `int 0x80`.
    """

    number: int
    args: tuple[int | bytes | ResultOf | _AnswersFrom, ...] = ()
    times: int = 1
    abi: Literal["x86_64", "i386"] = field(default="x86_64", kw_only=True)


class Answer(NamedTuple):
    """What a call returned at last (an error as `-errno`), and how often it was made."""

    result: int
    tries: int


def program(calls: Sequence[Syscall], *, report_to: str | None = None) -> bytes:
    """An executable that makes the calls in order, whether they succeed or not.

    It ends with 0 where the last call succeeded, else with that call's errno (255 where that is larger). With `report_to`
    the answers to all calls are added to the end of that file, for `read_answers`; the exit code is then the writing's.
    """
    if report_to is None:
        return _Layout(calls).executable()
    # Opened before anything else, as the calls may use up what there is of descriptors.
    opening = Syscall(_OPENAT, (_AT_FDCWD, report_to.encode(), _CREATE_AND_APPEND, _READ_WRITE_BY_OWNER))
    writing = Syscall(_WRITE, (ResultOf(0), _AnswersFrom(1), _ANSWER.size * len(calls)))
    return _Layout((opening, *(_one_later(call) for call in calls), writing)).executable()


def _one_later(call: Syscall) -> Syscall:
    return replace(call, args=tuple(ResultOf(arg.call + 1) if isinstance(arg, ResultOf) else arg for arg in call.args))


def read_answers(report: bytes) -> tuple[Answer, ...]:
    """The answers in a file that a program was told to report to.

    Raises:
        ValueError: it is not whole.
    """
    if len(report) % _ANSWER.size:
        raise ValueError("the report of the calls is cut off")
    return tuple(Answer(*fields) for fields in _ANSWER.iter_unpack(report))


def executable(code: bytes, *, room_bytes: int = 0) -> bytes:
    """An ELF file of one segment with `code`, which starts at its first byte; `room_bytes` of zeros follow it in memory.

    Only a program with such room can write to itself.
    """
    whole = _HEADERS_BYTES + len(code)
    identity = b"\x7fELF" + bytes((2, 1, 1, 0)) + bytes(8)  # 64 bit, little endian, version 1, System V
    elf = identity + struct.pack(
        "<HHIQQQIHHHHHH",
        2,  # an executable
        62,  # for x86-64
        1,
        code_address(0),  # its first instruction
        _ELF_HEADER_BYTES,  # the program header follows at once
        0,
        0,
        _ELF_HEADER_BYTES,
        _PROGRAM_HEADER_BYTES,
        1,  # one program header, no sections
        0,
        0,
        0,
    )
    rights = _READABLE | _EXECUTABLE | (_WRITABLE if room_bytes else 0)
    segment = struct.pack("<IIQQQQQQ", 1, rights, 0, _LOADED_AT, _LOADED_AT, whole, whole + room_bytes, 0x1000)
    return elf + segment + code


def code_address(offset: int) -> int:
    """Where the byte of `code` at this offset is found in memory. Below 2 GiB, so that 32-bit pointers reach it."""
    return _LOADED_AT + _HEADERS_BYTES + offset


class _Layout:
    """Code, then the data that arguments point to, then room for the answers.

    It is written twice: addresses are known once it is known how long the code is, and do not change that.
    """

    def __init__(self, calls: Sequence[Syscall]) -> None:
        self._calls = calls
        self._data = bytearray()
        self._data_at = self._answers_at = 0

    def executable(self) -> bytes:
        code = self._code()
        self._data_at = code_address(len(code))
        self._answers_at = self._data_at + len(self._data)
        code = self._code()
        return executable(code + bytes(self._data), room_bytes=_ANSWER.size * len(self._calls))

    def _code(self) -> bytes:
        self._data.clear()
        code = b"".join(self._call(number, call) for number, call in enumerate(self._calls)) + self._exit()
        return code + bytes(-len(code) % _ALIGNED_TO)

    def _call(self, number: int, call: Syscall) -> bytes:
        """The call and the storing of its answer; r12 counts the tries, as the kernel leaves it alone."""
        once = self._arguments(call) + b"\xb8" + struct.pack("<I", call.number) + _ENTER[call.abi]  # mov eax, number
        counted = bytes.fromhex("49ffc4") + once + b"\x49\xbd" + struct.pack("<Q", call.times)  # inc r12; mov r13, times
        failed = bytes.fromhex("4885c0 0f8809000000")  # test rax, rax; js over the next two
        compared = bytes.fromhex("4d39ec 0f82")  # cmp r12, r13; jb back to the counting
        back = struct.pack("<i", -len(counted + failed + compared) - 4)
        answer = self._answers_at + number * _ANSWER.size
        stored = bytes.fromhex("48890425") + struct.pack("<I", answer)  # mov [answer], rax
        tries = bytes.fromhex("4c892425") + struct.pack("<I", answer + 8)  # mov [answer + 8], r12
        return bytes.fromhex("4531e4") + counted + failed + compared + back + stored + tries  # first: xor r12d, r12d

    def _arguments(self, call: Syscall) -> bytes:
        setting, loading, layout = (_SET_64, _LOAD_64, "<Q") if call.abi == "x86_64" else (_SET_32, _LOAD_32, "<I")
        most = (1 << 8 * struct.calcsize(layout)) - 1
        code = b""
        for place, arg in enumerate(call.args):
            if isinstance(arg, ResultOf):
                code += loading[place] + struct.pack("<I", self._answers_at + arg.call * _ANSWER.size)
            else:
                code += setting[place] + struct.pack(layout, self._value(arg) & most)
        return code

    def _value(self, arg: int | bytes | _AnswersFrom) -> int:
        if isinstance(arg, int):
            return arg
        if isinstance(arg, _AnswersFrom):
            return self._answers_at + arg.call * _ANSWER.size
        at = self._data_at + len(self._data)
        self._data += arg + bytes(_ALIGNED_TO - len(arg) % _ALIGNED_TO)
        return at

    def _exit(self) -> bytes:
        """Leave with minus the last answer, but 0 for what is no error and 255 for what is larger."""
        last = self._answers_at + max(0, len(self._calls) - 1) * _ANSWER.size
        load = bytes.fromhex("488b3c25") + struct.pack("<I", last) if self._calls else bytes.fromhex("31ff")
        negate = bytes.fromhex("48f7df 7f02 31ff")  # neg rdi; jg over the next; xor edi, edi
        largest = struct.pack("<I", _LARGEST_EXIT_CODE)
        cap = bytes.fromhex("4881ff") + largest + bytes.fromhex("7e05 bf") + largest  # cmp rdi, 255; jle over: mov edi, 255
        return load + negate + cap + b"\xb8" + struct.pack("<I", _EXIT_GROUP) + _ENTER["x86_64"]
