"""From the answers to one task to what can be resampled: one file for each family of metrics."""
