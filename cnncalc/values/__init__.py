"""What everything is said in: shapes, one-axis formulas, work by kind, element types, diagnostics."""
