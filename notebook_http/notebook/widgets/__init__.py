"""Live views, made of ipywidgets. Each also has a static form, for when its kernel is gone."""
