"""One file for each thing that the mouse can do on the canvas."""
