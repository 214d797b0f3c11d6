"""What engines say when they will not create or start a container, and what a team is told where its image is the reason.

Pure: words in, a sentence or None out. The words are those of real engines (tests hold each pattern to them) and of
`places.why_unfit`. They are matched, never shown: they hold paths of the node.
"""

from __future__ import annotations

import re

_NODES_FAULT = (
    r"docker-init|nvidia-c|(?:prestart|createRuntime|createContainer) hook|running hook #?\d|executing hook|containerd-shim|runsc"
    r"|unknown or invalid runtime|bind source path does not exist|no space left on device|/sys/fs/cgroup"
)
"""Programs and folders of the node that a start needs. Where one is missing, the words are like those for an image's."""

_SENTENCES: tuple[tuple[str, str], ...] = (
    (
        r"no command (?:specified|or entrypoint provided)",
        "The image has neither an entry point nor a command. Add ENTRYPOINT or CMD to its Dockerfile.",
    ),
    (
        r"exec format error",
        "The image's start command is not a program for linux/amd64. Build with `docker build --platform linux/amd64`; "
        "a script needs a first line such as #!/bin/sh.",
    ),
    (
        r"exec(?:ing)?\b.*: (?:stat .*: )?(?:no such file or directory|executable file not found)"
        r"|executable file (?:`.*` )?not found",
        "The image's start command does not exist in the image. Check ENTRYPOINT and CMD.",
    ),
    (
        r"exec(?:ing|utable)?\b.*permission denied",
        "The image's start command may not be executed. Make it executable for every user: it does not run as root here.",
    ),
    (
        r"chdir to|cwd must be an absolute path|working folder that is not|cannot mkdir: .* is not a directory"
        r"|mkdir /.*: (?:file exists|not a directory|file name too long|too many levels)",
        "The image's working folder cannot be entered. WORKDIR must be an absolute path to a folder that every user may enter.",
    ),
    (
        r"unable to find (?:user|group)|/etc/(?:passwd|group) that is not a plain",
        "The image's /etc/passwd or /etc/group is not a plain file. Leave both as the base image has them.",
    ),
    (
        r"link or a file on the way to",
        "The image has a link or a file where this platform mounts a folder: /input, /input_json, /output, /tmp and /sbin "
        "must be plain folders of the image, or not be in it.",
    ),
    (r"environment variable (?:without a name|name can't be empty)", "The image sets an environment variable without a name."),
    (
        r"declares (?:\d+ volumes|a volume at)|invalid (?:mount|volume) (?:config|specification|path)"
        r"|not a directory.*mount|mount.*not a directory|error mounting \"[^\"]*/volumes/sonobench-[^\"]*\" to rootfs"
        r"|cannot be mounted because it is inside /proc|setup user: stat /dev/null",
        "A volume or writable folder of the image cannot be mounted. Remove VOLUME from its Dockerfile, "
        "and links to folders of the system.",
    ),
    (
        r"too many (?:links|levels of symbolic links)|file name too long",
        "The image names a path that leads nowhere. Check WORKDIR, VOLUME and HOME, and links there that lead in circles.",
    ),
)


_OTHERS_LOAD = "Another image can be loaded here, this one cannot: "
_OTHERS_LOAD_SENTENCE = (
    "A layer of the image cannot be unpacked. Build it anew with `docker build` and save it with `docker save`; "
    "layers that other tools wrote may hold links to files that do not exist, or files below files."
)
_OTHERS_START = "Another image starts here, this one does not: "
_OTHERS_START_SENTENCE = (
    "The image cannot be made a container, while others can. Check WORKDIR, ENV and VOLUME in its Dockerfile, and whether "
    "its /etc, /sbin, /tmp, /input and /output are as the base image has them."
)
_MOST_WORDS = 2000


def blaming(words: str) -> str:
    """The engine error of an image that was found to be the reason by trying another; `words` are the engine's own."""
    return _OTHERS_START + words[:_MOST_WORDS]


def blaming_layers(words: str) -> str:
    """The same for an image that the engine cannot even unpack."""
    return _OTHERS_LOAD + words[:_MOST_WORDS]


def refusal_sentence(engine_error: str) -> str | None:
    """What to tell the team; None where the image is not known to be the reason."""
    if engine_error.startswith(_OTHERS_START):
        return _OTHERS_START_SENTENCE
    if engine_error.startswith(_OTHERS_LOAD):
        return _OTHERS_LOAD_SENTENCE
    if not engine_error.startswith("the image ") and re.search(_NODES_FAULT, engine_error, re.IGNORECASE):
        return None  # what begins with "the image" was found by us, and names the node's programs at most
    matching = (sentence for pattern, sentence in _SENTENCES if re.search(pattern, engine_error, re.IGNORECASE))
    return next(matching, None)


def is_the_images_fault(engine_error: str) -> bool:
    """True where the engine refused to create or start a container because of what the image is."""
    return refusal_sentence(engine_error) is not None
