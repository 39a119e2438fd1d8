"""What a drag or the clipboard carries between the rooms of the window."""

LAYER_KIND = "application/x-gradient-lab-layer-kind"
"""The kind of a layer that is dragged from the palette, UTF-8."""

NODES = "application/x-gradient-lab-nodes"
"""Copied layers with the wires among them, as a network file."""
