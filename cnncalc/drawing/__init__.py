"""Networks as pictures: a report becomes a scene, a scene a layout, a layout SVG, PNG, DOT, Mermaid or HTML."""
