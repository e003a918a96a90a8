import pytest
from hypothesis import settings

# A first example may import a library; how long that takes says nothing about what is tested.
settings.register_profile("curate", deadline=None)
settings.load_profile("curate")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests first: begun last, one of them keeps a processor busy while all others wait."""
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(
        key=lambda item: item.path not in long
    )  # stable: within a file all stays in its order
