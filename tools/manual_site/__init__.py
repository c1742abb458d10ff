"""The documentation as a site: what its pages are, and what puts them together."""
