"""From the key of a session to the applications of two hosts.

Each host keeps a ``store`` of the keys that its sessions made. ``handlers`` answers requests for these keys after ETSI GS QKD
014, ``server`` offers the answers over HTTPS, and ``relay`` carries a key over nodes that are trusted.
"""
