"""One upload with tuspy. Takes its orders as JSON, tells what happens as JSON lines."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from tusclient.uploader import Uploader


def tell(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def begun(orders: dict[str, Any]) -> Uploader:
    """tuspy tries again for bytes alone; creating and asking for the offset are tried again here, as a user would."""
    client = TusClient(orders["endpoint"], headers={"Authorization": f"Bearer {orders['token']}"})
    while True:
        try:
            uploader = client.uploader(
                orders["file"],
                url=orders.get("url"),
                chunk_size=orders.get("chunk_bytes", sys.maxsize),
                metadata=orders["metadata"],
                retries=400,
                retry_delay=0.25,
                upload_checksum=orders.get("checksum", False),
            )
            if not uploader.url:
                uploader.set_url(uploader.create_url())
            return uploader
        except TusCommunicationError as broken:
            if broken.status_code:
                raise
            time.sleep(0.25)


def main() -> None:
    uploader = begun(json.loads(sys.argv[1]))
    tell(url=uploader.url)
    while uploader.offset < uploader.get_file_size():
        uploader.upload_chunk()
        tell(accepted=uploader.offset)
    tell(done=uploader.url)


main()
