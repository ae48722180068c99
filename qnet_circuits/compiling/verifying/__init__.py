"""The proof that compilation kept the parties apart."""
