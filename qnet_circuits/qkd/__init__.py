"""The classical half of quantum key distribution: from two parties' records of bits and bases to a secret key.

Nothing here knows of circuits. Two parties hold one record each, and talk only over a recorded classical channel.
"""
