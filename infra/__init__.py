"""Set-up and images: run from the repository's root as `python -m infra.examples`."""
