"""Repeater chains in time: when links are there, when stations swap, what memories lose, and which rates follow."""
