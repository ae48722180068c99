"""Backends: where compiled circuits run. A backend never sees a protocol."""
