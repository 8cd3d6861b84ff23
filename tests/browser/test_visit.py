"""The record of a visit: whatever goes wrong on a page is in it, and no other host is reached."""

import pytest
from widget_page import PAGE

pytestmark = pytest.mark.browser

WRONG = """<img src="https://book.invalid/x.png"><img src="http://192.0.2.1/y.png"><img src="missing.png">
<script>console.warn("said"); throw Error("thrown");</script>"""


def test_a_page_without_a_fault_has_no_troubles(visit, tmp_path):
    (tmp_path / "right.html").write_text(PAGE.format(theme="light", body="<p>words</p>"), encoding="utf8")
    opened = visit((tmp_path / "right.html").as_uri())
    opened.check()
    assert [address.rsplit("/")[-1] for address in opened.loaded] == ["right.html"]


def test_what_goes_wrong_on_a_page_is_kept(visit, tmp_path):
    (tmp_path / "wrong.html").write_text(PAGE.format(theme="light", body=WRONG), encoding="utf8")
    opened = visit((tmp_path / "wrong.html").as_uri())
    with pytest.raises(AssertionError) as found:
        opened.check()
    for words in ("console: said", "error on the page: thrown", "missing.png"):
        assert words in str(found.value)
    for other in ("https://book.invalid/x.png", "http://192.0.2.1/y.png"):
        assert {f"asked another host: {other}", f"failed: {other}"} <= set(opened.troubles)
