"""Nodes: what each run worker's machine says of itself, and how its speed drifts."""
