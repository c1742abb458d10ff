"""Reports as one HTML file: drawing, table, charts, formulas and source of networks; nothing from elsewhere."""
