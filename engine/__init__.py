"""The engine of Gradient Lab: layers, data, documents, training. It knows no Qt."""
