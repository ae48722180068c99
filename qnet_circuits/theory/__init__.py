"""Closed formulas for what a network should reach, computed without running a circuit.

Every function takes plain numbers or Pauli weights and returns plain numbers, so that a measured figure can be set
beside its prediction. A Bell-diagonal pair is given by its four weights (q_I, q_X, q_Y, q_Z), see
``qnet_circuits.theory.bell_diagonal``.
"""
