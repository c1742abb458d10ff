"""Other formats: readers make graphs of them, writers make them of graphs. One file per format."""
