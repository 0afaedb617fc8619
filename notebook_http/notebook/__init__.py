"""The notebook face: what makes the core pleasant in a cell.

Only this layer knows IPython, widgets and pandas, and it imports them when they are first used.
"""
