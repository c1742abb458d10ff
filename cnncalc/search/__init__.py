"""Tools that look at many designs of one network: formulas, sweeps, fits with a proof, input sizes, tiles."""
