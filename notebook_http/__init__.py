"""An interactive async HTTP toolkit for Jupyter."""
