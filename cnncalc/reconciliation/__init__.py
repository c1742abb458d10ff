"""Why two tools print two numbers for one network."""
