"""Key distribution as circuits: settings, eavesdroppers, and the way from outcomes to two parties' records and a key.

A round is one choice of both parties and of an eavesdropper, and every choice is one circuit, so that a million rounds are a
handful of circuits. The classical half, which knows of no circuits, is ``qkd``.
"""
