"""Live views: ipywidgets, and controls of our own (anywidget: one ES module and one style sheet).

A control's module lies beside the class that is its other half in the kernel. What callbacks ask
for is done on the loop of the cell that made the widget (`loop_calls`). Each view also has a static
form, for when its kernel is gone.
"""
