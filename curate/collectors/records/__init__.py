"""What open-licence services answer, read into what is said about one item. Nothing here asks them.

One module for each service, each with ``said``: a record in, ``Said`` out. Records are foreign: a field
may be missing, of another type, or huge; what cannot be read is left out, and nothing raises.
"""
