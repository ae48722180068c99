"""What an author writes with: networks, links, corrections, figures, protocols."""
