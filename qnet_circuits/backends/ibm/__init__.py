"""IBM's processors, and the offline mode of IBM's client."""
