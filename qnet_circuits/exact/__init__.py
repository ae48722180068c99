"""Figures without sampling: a noisy circuit as a tensor network in the Pauli basis."""
