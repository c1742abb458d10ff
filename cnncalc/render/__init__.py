"""From a Report to text: one module per form; sums for grouping aside, nothing is computed here."""
