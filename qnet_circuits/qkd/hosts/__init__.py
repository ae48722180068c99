"""Two processes, on one host or two, that hold a key session: TLS between them, certificates, and files of detectors."""
