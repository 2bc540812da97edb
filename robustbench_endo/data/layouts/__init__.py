"""Public data sets in the layouts in which they are published; one file each, named in the registry."""
