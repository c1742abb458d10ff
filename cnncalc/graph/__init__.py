"""The expanded network, and what is done to it as a whole."""
