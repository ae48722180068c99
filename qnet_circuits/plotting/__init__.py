"""Pictures of networks, circuits and results, on Matplotlib axes."""
