"""What stands in for an image where none is examined: any bytes, known by their hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sonobench_eval.intake.records import VerifiedImage


def made_up_image(content: bytes, tar: Path, *, tag: str, warning: str) -> VerifiedImage:
    """What would be found in an image; the same bytes are the same image.

    Args:
        content: what was handed in.
        tar: where the verified image lies.
        tag: it is loaded under.
        warning: of the one thing that its makers might mend.
    """
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return VerifiedImage(
        config_digest=digest,
        manifest_digest=f"sha256:{hashlib.sha256(digest.encode()).hexdigest()}",
        diff_ids=(digest,),
        tag=tag,
        tar=tar,
        size_bytes=len(content),
        user="1000",
        entrypoint=("python",),
        command=("model.py",),
        working_dir="/app",
        environment={},
        volumes=(),
        warnings=(warning,),
    )
