"""What every room of the window uses: theme, icons, actions, settings, notifications."""
