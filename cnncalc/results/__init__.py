"""What the program found, frozen: the only thing renderers and users see."""
