"""One training from scratch: settings, run, checkpoint, result, metrics, and where it runs."""
