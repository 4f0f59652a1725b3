"""One test for each way in which a test can end."""

import os

import pytest


def test_login_works():
    pass


def test_setting_is_kept():
    kept = {"language": "de"}
    assert kept["language"] == os.environ.get("LANGUAGE_KEPT", "en"), 'the language is not <kept> & "known"'


@pytest.mark.parametrize("region", ["eu west", "us"])
def test_region(region):
    pass


@pytest.mark.skip(reason="no sandbox account")
def test_payment():
    raise AssertionError


@pytest.mark.xfail(reason="not built yet")
def test_refund():
    raise AssertionError


@pytest.fixture
def database():
    raise ConnectionError("refused")


@pytest.fixture
def lease():
    yield
    raise RuntimeError("the lease was lost")


class TestOrders:
    def test_order(self, database):
        pass

    def test_lease(self, lease):
        pass
