"""The window of Gradient Lab. It knows the engine's models and never loads torch."""
