"""Classes as algorithms write them: a name in any spelling of its letters, or somewhere in a sentence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from sonobench_eval.contract.judging import Unusable
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.strict_json import shown

_SHOWN_CHARS = 40


def normalised(text: str) -> str:
    """`BI-RADS_4a ` -> `bi rads 4a`: capitals, width, spaces, `-` and `_` make no difference."""
    return re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()


def words_in(text: str) -> tuple[str, ...]:
    """The words of a text, normalised and without punctuation."""
    return tuple(re.findall(r"[^\W_]+", normalised(text)))


class ClassNames:
    """The names that a task's classes go by: their own and declared synonyms."""

    def __init__(self, classes: Sequence[str], synonyms: Mapping[str, Sequence[str]]) -> None:
        self._count = len(classes)
        spellings = [(number, word) for number, name in enumerate(classes) for word in (name, *synonyms.get(name, ()))]
        self._by_name: dict[str, set[int]] = {}
        self._by_words: dict[tuple[str, ...], set[int]] = {}
        for number, word in spellings:
            self._by_name.setdefault(normalised(word), set()).add(number)
            self._by_words.setdefault(words_in(word), set()).add(number)
        self._longest = max((len(words) for words in self._by_words), default=0)

    def alike(self) -> Iterator[frozenset[int]]:
        """Classes that have a spelling in common as names."""
        return (frozenset(numbers) for numbers in self._by_name.values() if len(numbers) > 1)

    def alike_in_text(self) -> Iterator[frozenset[int]]:
        """Classes that cannot be told apart in a sentence, or found in one."""
        return (frozenset(numbers) for words, numbers in self._by_words.items() if len(numbers) > 1 or not words)

    def named(self, value: object, what: str) -> int:
        """The index of the class of this name.

        Raises:
            Unusable: it is no text, or no class has this name.
        """
        text = _text(value, what)
        found = self._by_name.get(normalised(text))
        if found is None:
            raise Unusable(FindingCode.UNKNOWN_CLASS, f"{what} is {shown(text, longest=_SHOWN_CHARS)}")
        return min(found)

    def named_in(self, value: object, what: str) -> int:
        """The index of the one class that is named in a text, however often. Of names within names the longest counts.

        Raises:
            Unusable: it is no text, or none or several of the classes are named.
        """
        found = set(self._found_in(words_in(_text(value, what))))
        if len(found) != 1:
            raise Unusable(FindingCode.UNKNOWN_CLASS, f"{what} names {len(found) or 'none'} of {self._count} classes")
        return found.pop()

    def _found_in(self, words: Sequence[str]) -> Iterator[int]:
        at = 0
        while at < len(words):
            longest = range(min(self._longest, len(words) - at), 0, -1)
            length = next((n for n in longest if tuple(words[at : at + n]) in self._by_words), 0)
            if length:
                yield min(self._by_words[tuple(words[at : at + length])])
            at += length or 1


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise Unusable(FindingCode.MALFORMED_ENTRY, f"{what} is not a text")
    return value
