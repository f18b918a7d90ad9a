import pytest
from hypothesis import given
from hypothesis import strategies as st

from attunement.sources.pages import plain


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("just words", "just words"),
        ("a &amp; b &lt;3", "a & b <3"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<ul><li>a</li>\n<li>b</li></ul>", "- a\n- b"),
        ("<pre><code>x  = 1\n  y</code></pre>", "x  = 1\n  y"),
        ("<p>a\n   b</p>", "a b"),
        ("<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>", "A\tB\n1\t2"),
        ("a<script>alert(1)</script><style>b{}</style>c", "ac"),
        ("<![CDATA[x]]>a<!-- hidden -->b", "ab"),
    ],
)
def test_the_text_is_what_a_person_sees(html: str, text: str) -> None:
    assert plain(html) == text


@given(st.text(alphabet='<>!/&;[]- abp"=#x9\n', max_size=60))
def test_no_html_raises(html: str) -> None:
    assert isinstance(plain(html), str)
