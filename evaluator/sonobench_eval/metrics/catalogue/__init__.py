"""The metrics there are, by family: declarations only, so that nothing heavy is loaded to read them."""
