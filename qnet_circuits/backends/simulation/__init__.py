"""Noise in time, and the engines that sample or contract it."""
