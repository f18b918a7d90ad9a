from hypothesis import given
from hypothesis import strategies as st

from attunement.sources.trees import grow, leaves, newest, path

KEYS = [f"k{n}" for n in range(12)]


def test_a_branch_is_followed_to_its_end_before_the_next() -> None:
    tree = grow({"a": "", "b": "a", "c": "a", "d": "b"})
    assert tree.order == ["a", "b", "d", "c"]
    assert path(tree, "d") == {"a", "b", "d"}


def test_siblings_stand_in_their_stated_order() -> None:
    assert grow({"a": "", "b": "a", "c": "a"}, stated={"a": ["c", None, "b"]}).order == ["a", "c", "b"]


def test_a_parent_that_is_not_there_makes_a_root() -> None:
    tree = grow({"a": "gone", "b": "a"})
    assert (tree.parents["a"], tree.n_orphans) == ("", 1)


def test_a_cycle_is_cut_at_its_smallest_key_wherever_it_is_met() -> None:
    tree = grow({"tail": "z", "z": "m", "m": "z"})
    assert (tree.parents, tree.n_cut) == ({"tail": "z", "z": "m", "m": ""}, 1)
    assert tree.order == ["m", "z", "tail"]


def test_leaves_look_through_nodes_that_do_not_count() -> None:
    tree = grow({"a": "", "b": "a", "silent": "b", "c": "a"})
    assert leaves(tree, {"a", "b", "c"}) == ["b", "c"]
    assert newest(["b", "c"], {"b": 2, "c": 2}.__getitem__) == "c"
    assert newest([], len) == ""


@given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["", *KEYS, "gone"])))
def test_every_key_comes_once_after_the_one_above_it(above: dict[str, str]) -> None:
    tree = grow(above)
    assert sorted(tree.order) == sorted(above)
    place = {key: n for n, key in enumerate(tree.order)}
    assert all(not parent or place[parent] < place[key] for key, parent in tree.parents.items())
    for key in tree.order:
        assert key in path(tree, key)


def test_a_long_thread_needs_no_recursion() -> None:
    n = 200_000
    tree = grow({str(key): str(key - 1) if key else "" for key in range(n)})
    assert len(path(tree, str(n - 1))) == n
