"""The spec language: text to located tree, tree to graph. The only place that reads YAML."""
