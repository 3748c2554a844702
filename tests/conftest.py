"""What more than one room's tests use."""

import pytest


@pytest.fixture(scope="session")
def embedded_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One folder for the process: chDB is one engine a process, with many databases."""
    return f"chdb://{tmp_path_factory.mktemp('chdb') / 'observations'}"
