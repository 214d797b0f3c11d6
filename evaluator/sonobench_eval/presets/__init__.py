"""Published benchmarks as challenges to begin with: settings in YAML, and made-up test sets to try them on."""
