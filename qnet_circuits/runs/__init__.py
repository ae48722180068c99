"""A run: options, preparation, directory, execution, analysis."""
