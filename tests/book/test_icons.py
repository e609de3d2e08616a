"""Pages don't load the script that draws the icons a second time."""

from pathlib import Path

from book._ext import icons

TAG = '<script src="../_static/vendor/fontawesome/6.5.2/js/all.min.js?digest=1"></script>\n'


def test_the_script_is_removed_and_others_stay(tmp_path: Path):
    page = tmp_path / "page.html"
    page.write_text(f'<a>{TAG}<script src="other.js"></script>')
    assert icons.remove_script(page)
    assert page.read_text() == '<a><script src="other.js"></script>'
    assert not icons.remove_script(page)
