"""A config whose settings stand under CONFIG."""

import json


def upload(kit):
    document = json.loads(kit.tars.config(kit.layers))
    document["CONFIG"] = {**document.pop("config"), "labels": {"ORG.Sonobench.Node": "another"}}
    return kit.tars.saved_image(kit.layers, config_bytes=json.dumps(document).encode()).tar()
