"""Pages in a browser: the buyers' (``buyers``), and the seller's own (``seller``). Rendered here, light, and
with no script or picture from elsewhere. Each is a FastAPI application; ``server`` runs one with uvicorn.
"""
