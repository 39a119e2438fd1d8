"""The engine on a terminal: training, checking, and a live view where there is no display."""
