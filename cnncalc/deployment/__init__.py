"""Networks as a runtime gets them: TensorFlow Lite programs, and the memory planners of named runtimes."""
