"""The gallery of hostile images: reads its folders and builds each one's upload, byte by byte and without Docker.

    python tests/factories/gallery.py [--to FOLDER] [NAME...]      writes NAME.tar, to be handed in to a platform of your own

A folder of `submissions_example/hostile/` holds `expected.json` and what the attack is made of: `attack.sh` (run by
busybox's shell when the container starts), `attack.c` (compiled to `/attack/attack`, which `attack.sh` starts), and
`forge.py` where the image itself is bent: its `upload(kit)` returns the bytes that are handed in.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import json
import struct
import subprocess
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import image_tars

ROOT = Path(__file__).resolve().parents[2]
GALLERY = ROOT / "submissions_example" / "hostile"
COMMON = GALLERY / "common"
BUSYBOX = Path("/bin/busybox")
PICTURE_PX = 32
"""Height and width of the pictures of the challenge that the gallery is run on."""
ENTRYPOINT = ("/bin/sh", "/attack/attack.sh")

Stage = Literal["intake", "start", "run", "results"]


@dataclass(frozen=True, slots=True)
class Attack:
    """One folder's `expected.json`: what is tried, how far it gets, and what the platform must say.

    `stage` is where it ends: refused by the intake, not started, failed while it ran, or scored. `category` is the
    intake's refusal code or the failure's category, None where it is scored. `findings` are counts by code, None for any
    count. `tried` are words the log must hold, as proof that the attack was made. `scores` says whether the answers it
    gives beside the attack score exactly as the honest image's.
    """

    name: str
    story: str
    stage: Stage
    category: str | None
    blame: str | None
    why_harmless: str
    findings: Mapping[str, int | None] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    intake_limits: Mapping[str, Any] = field(default_factory=dict)
    tried: tuple[str, ...] = ()
    scores: Literal["as honest", "any"] = "any"
    runs: int = 1

    @property
    def folder(self) -> Path:
        return GALLERY / self.name

    @property
    def needs_compiler(self) -> bool:
        return (self.folder / "attack.c").exists()


def attack_names() -> list[str]:
    return sorted(path.parent.name for path in GALLERY.glob("*/expected.json"))


def read_attack(name: str) -> Attack:
    """What `expected.json` of a folder says.

    Raises:
        ValueError: another schema, or a key too many.
    """
    document = json.loads((GALLERY / name / "expected.json").read_text(encoding="utf-8"))
    if document.pop("schema", None) != "sonobench.hostile/1":
        raise ValueError(f"{name}/expected.json is not of the schema sonobench.hostile/1")
    unknown = document.keys() - set(Attack.__slots__)
    if unknown:
        raise ValueError(f"{name}/expected.json has keys that mean nothing: {', '.join(sorted(unknown))}")
    document["tried"] = tuple(document.get("tried", ()))
    return Attack(name=name, **document)


# What the attacker knows --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """What an attack is told about the host, more than any team could know, so that it need not search long.

    `secret_file` is a file of the host; `hosts` its addresses, `tcp_port`, `udp_port` and `abstract_socket` where
    something listens; `mark` is part of the name of whatever it plants. `victim_layer` is another team's layer,
    `victim_tag` its image's tag.
    """

    mark: str = "sonobench-mark"
    secret_file: str = "/etc/shadow"
    hosts: tuple[str, ...] = ("172.17.0.1", "127.0.0.1")
    tcp_port: int = 80
    udp_port: int = 53
    abstract_socket: str = "sonobench-abstract"
    victim_tag: str = "victim/model:1"
    victim_layer: bytes = b""

    def as_shell(self) -> str:
        pairs = {
            "MARK": self.mark,
            "SECRET_FILE": self.secret_file,
            "HOSTS": " ".join(self.hosts),
            "TCP_PORT": str(self.tcp_port),
            "UDP_PORT": str(self.udp_port),
            "ABSTRACT": self.abstract_socket,
        }
        return "".join(f"{name}='{value}'\n" for name, value in pairs.items())


# Layers -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class File:
    """A file of a layer, or with another `kind` a folder, link, pipe or device. Owned by root."""

    data: bytes = b""
    mode: int = 0o644
    kind: bytes = tarfile.REGTYPE
    link: str = ""
    device: tuple[int, int] = (0, 0)


FOLDER = File(mode=0o755, kind=tarfile.DIRTYPE)


def layer_of(files: Mapping[str, File]) -> bytes:
    """A layer's tar; the same files give the same bytes."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, each in files.items():
            member = tarfile.TarInfo(name)
            member.mode, member.type, member.linkname, member.size = each.mode, each.kind, each.link, len(each.data)
            member.devmajor, member.devminor = each.device
            archive.addfile(member, io.BytesIO(each.data))
    return whole.getvalue()


@cache
def base_layer(known: Known) -> bytes:
    """What all attacks share, one layer of it in the engine: busybox, `common/`, a mask, and what the attacker knows."""
    applets = subprocess.run([str(BUSYBOX), "--list"], capture_output=True, text=True, check=True).stdout.split()
    # A link named passwd is refused by the intake in an image that has devices as well.
    names = [name for name in applets if name not in {"busybox", "[[", "passwd"}]
    links = {f"bin/{name}": File(kind=tarfile.SYMTYPE, link="busybox") for name in names}
    common = {f"attack/{path.name}": File(path.read_bytes()) for path in sorted(COMMON.iterdir())}
    own = {"attack/known.sh": File(known.as_shell().encode()), "attack/mask.png": File(plain_mask())}
    return layer_of({"bin": FOLDER, "bin/busybox": File(BUSYBOX.read_bytes(), 0o755), **links, "attack": FOLDER, **common, **own})


def plain_mask() -> bytes:
    """A square in the middle, as a PNG of the pictures' size."""
    inside = range(PICTURE_PX // 4, 3 * PICTURE_PX // 4)
    rows = b"".join(
        b"\0" + bytes(255 if y in inside and x in inside else 0 for x in range(PICTURE_PX)) for y in range(PICTURE_PX)
    )
    return png(png_header(), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of these chunks, with right checksums."""
    parts = [struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_header(width: int = PICTURE_PX, height: int = PICTURE_PX, *, depth: int = 8, colour: int = 0) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)


# Images -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kit:
    """What a `forge.py` works with: the layers an image of this folder would have, and tools to bend them.

    `tars` is the factory `image_tars`, `tools` this module.
    """

    base: bytes
    own: bytes
    known: Known
    tars: ModuleType
    tools: ModuleType

    @property
    def layers(self) -> list[bytes]:
        return [self.base, self.own]

    def image(
        self,
        *more: Mapping[str, File],
        settings: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
        stored: Sequence[bytes] | None = None,
        layers: Sequence[bytes] | None = None,
    ) -> image_tars.Forged:
        """The image as `docker save` writes it: a further layer for each of `more`, and `settings` over the usual ones.

        `stored` are the layers' bytes in the upload where they differ from what the config names.
        """
        whole = [*(self.layers if layers is None else layers), *(layer_of(files) for files in more)]
        config = image_tars.config(whole, {"Entrypoint": list(ENTRYPOINT), "Cmd": None, **(settings or {})})
        return image_tars.saved_image(
            whole, stored=list(stored) if stored else None, config_bytes=config, tags=list(tags) or None
        )


def build_upload(name: str, known: Known) -> bytes:
    """The bytes that a hostile team hands in.

    Raises:
        FileNotFoundError: the attack has a program in C, and there is no compiler.
    """
    folder = GALLERY / name
    kit = Kit(base_layer(known), _own_layer(folder), known, tars=image_tars, tools=sys.modules[__name__])
    forge = folder / "forge.py"
    if not forge.exists():
        return kit.image().tar()
    upload: bytes = _imported(forge).upload(kit)
    return upload


def honest_upload(known: Known) -> bytes:
    """The image whose results must be the same before and after every attack."""
    script = layer_of({"attack/attack.sh": File((COMMON / "honest.sh").read_bytes())})
    return Kit(base_layer(known), script, known, tars=image_tars, tools=sys.modules[__name__]).image().tar()


def _own_layer(folder: Path) -> bytes:
    files = {"attack": FOLDER}
    if (folder / "attack.sh").exists():
        files["attack/attack.sh"] = File((folder / "attack.sh").read_bytes())
    if (folder / "attack.c").exists():
        files["attack/attack"] = File(_compiled(folder / "attack.c"), 0o755)
    return layer_of(files)


@cache
def _compiled(source: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "attack"
        command = ["cc", "-static", "-O1", "-w", "-o", str(program), str(source), "-lpthread"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{source} does not compile: {done.stderr}")
        return program.read_bytes()


def _imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"hostile_{path.parent.name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The list ----------------------------------------------------------------------------------------------------

LIST_BEGINS = "<!-- The list: `python tests/factories/gallery.py --list` writes it anew from the folders. -->"
_PARTS: tuple[tuple[Stage, str, str], ...] = (
    ("intake", "Refused by the intake", "refused as"),
    ("start", "Never started", "told as"),
    ("run", "Ended without a score", "told as"),
    ("results", "Scored, and nothing gained", "found in the results"),
)


def readme_list() -> str:
    """The README's list of all attacks, made from the folders."""
    attacks = [read_attack(name) for name in attack_names()]
    parts = [LIST_BEGINS, f"There are {len(attacks)} of them."]
    for stage, title, told in _PARTS:
        rows = [_row(attack) for attack in attacks if attack.stage == stage]
        parts.append(f"## {title} ({len(rows)})\n\n| folder | story | {told} |\n|---|---|---|\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _row(attack: Attack) -> str:
    told = attack.category or ", ".join(f"{code} x {count or 'some'}" for code, count in attack.findings.items()) or "nothing"
    return f"| `{attack.name}` | {attack.story} | {told} |".replace("<", "&lt;")


def main() -> int:
    """Write the uploads that are named on the command line, all where none is."""
    parser = argparse.ArgumentParser(description="Build the gallery's hostile images as tars. Load none with `docker load`.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="all where none is named")
    parser.add_argument("--to", type=Path, default=ROOT / "var" / "hostile", help="folder for the tars (default: var/hostile)")
    parser.add_argument("--list", action="store_true", help="write the README's list anew, and no image")
    options = parser.parse_args()
    if options.list:
        readme = GALLERY / "README.md"
        readme.write_text(readme.read_text(encoding="utf-8").partition(LIST_BEGINS)[0] + readme_list(), encoding="utf-8")
        return 0
    options.to.mkdir(parents=True, exist_ok=True)
    for name in options.names or attack_names():
        path = options.to / f"{name}.tar"
        path.write_bytes(build_upload(name, Known()))
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
