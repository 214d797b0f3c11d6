"""Charts of a challenge: each one a pure function from records that exist to a `Chart`, a Vega-Lite or Vega specification
with its numbers inline, a title, one sentence that says what is to be seen, and the same numbers as a table.

`render` makes SVG, PNG and PDF of them, offline. Names that strangers chose are shown as `labels` has them.
"""
