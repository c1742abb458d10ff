"""Tools that look at many designs of one network: sizes of its input, tiles of a large image."""
