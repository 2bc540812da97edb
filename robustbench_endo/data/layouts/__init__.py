"""Public data sets in the layouts they are given out in; one file each, listed in the registry."""
