"""API descriptions (OpenAPI 3.0 and 3.1, Swagger 2.0): their operations, as values of a form.

Pure: a document is read and looked into, nothing is fetched. References lead around inside the
document only, and everything is bounded: documents come from strangers.
"""
