"""Organisers' own metrics: an image of theirs runs in the sandbox on answers and references, and its values are scored."""
