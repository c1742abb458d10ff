"""Every number of a layer as its formula: the operators' own methods, run on numbers that record it."""
