"""Pages load no script for icons, and the buttons of the sidebar have names."""

from pathlib import Path

from book._ext import theme_fixes

TAG = '<script src="../_static/vendor/fontawesome/6.5.2/js/all.min.js?digest=1"></script>\n'
BUTTON = '<summary><span class="toctree-toggle" role="presentation"></span></summary>'


def test_a_page_is_mended_once(tmp_path: Path):
    page = tmp_path / "page.html"
    page.write_text(f'<a>{TAG}<script src="other.js"></script>{BUTTON}<summary>Words</summary>')
    assert theme_fixes.mend(page)
    assert page.read_text() == (
        '<a><script src="other.js"></script><summary aria-label="Labs of this chapter">'
        '<span class="toctree-toggle" role="presentation"></span></summary><summary>Words</summary>'
    )
    assert not theme_fixes.mend(page)
