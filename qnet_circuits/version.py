"""The version, said once for the package."""

VERSION = "0.1.0"
