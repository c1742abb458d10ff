"""The gate: limits on what a network costs, judged, compared with an earlier version, traced to a line."""
