from hypothesis import settings

# A first example may import a library; how long that takes says nothing about what is tested.
settings.register_profile("curate", deadline=None)
settings.load_profile("curate")
