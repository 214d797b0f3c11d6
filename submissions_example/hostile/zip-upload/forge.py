"""A zip bomb."""

import io
import zipfile


def upload(_kit):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", bytes(2**26))
    return packed.getvalue()
