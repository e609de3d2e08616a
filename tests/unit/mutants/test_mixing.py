from mixing import mixed


def kinds(text: str) -> str:
    return "".join(mixed(text, str.lower))


def test_things_of_one_kind_are_spread_over_the_whole():
    assert kinds("aaaabb") == "abaaba"


def test_few_are_through_before_many():
    assert kinds("abbbbbbbb").endswith("bbbbbbb")
    assert kinds("aabbbb").endswith("b")


def test_things_of_one_kind_keep_their_order():
    assert kinds("aAaAbB") == "abAaBA"


def test_nothing():
    assert mixed([], str) == []
