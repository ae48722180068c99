"""The story of a shot: its page, and its figure against the time that messages take."""
