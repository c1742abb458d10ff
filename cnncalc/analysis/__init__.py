"""From a graph to numbers: each analyzer is a pure function of the graph; shapes are read, never inferred."""
