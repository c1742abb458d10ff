"""The page that runs cnncalc in a browser: what it is made of, and what puts it together."""
