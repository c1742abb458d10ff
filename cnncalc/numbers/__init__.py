"""Numbers that record how they came about: one run of the ordinary code gives formulas, array code and ranges."""
