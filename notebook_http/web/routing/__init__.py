"""From a method and a path to the handler that answers: routes, resources and their index."""
