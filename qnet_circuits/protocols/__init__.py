"""The protocols, one file each, written with nothing but the public interface."""
