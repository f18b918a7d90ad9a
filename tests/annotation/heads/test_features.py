import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from attunement.annotation.heads import static_embeddings
from attunement.annotation.heads.features import N_BUCKETS, N_WORD_BUCKETS, normal, pair_buckets, word_buckets
from attunement.annotation.heads.lexicon import Lexicon
from attunement.annotation.heads.pieces import pieces

STAY = [99228, 120631, 94182, 67361]
PAIRS = [214666, 174481, 211076]


def test_a_word_is_made_normal():
    assert normal("sooooo") == "soo"
    assert normal("2026") == "0000"
    assert normal("\U0001d421\U0001d422") == "hi"
    assert len(normal("x1" * 100)) <= 40


@given(st.text(min_size=1, max_size=60))
def test_buckets_are_in_range_and_the_same_each_time(word):
    found = word_buckets(normal(word))
    assert (found < N_WORD_BUCKETS).all()
    assert (found == word_buckets(normal(word))).all()


def test_buckets_never_change():
    """They are what shipped weights mean: a change needs a new FORM and new training."""
    assert word_buckets("stay")[:4].tolist() == STAY
    hashes = np.array([1, 2, 3], dtype=np.uint32)
    assert pair_buckets(hashes, np.array([0, 2])).tolist() == PAIRS


def test_a_pair_depends_on_order_and_on_where_a_sentence_begins():
    forth = pair_buckets(np.array([5, 9], dtype=np.uint32), np.array([0]))
    back = pair_buckets(np.array([9, 5], dtype=np.uint32), np.array([0]))
    parted = pair_buckets(np.array([5, 9], dtype=np.uint32), np.array([0, 1]))
    assert forth[1] != back[1]
    assert forth[1] != parted[1]
    assert forth[0] == parted[0]
    assert ((forth >= N_WORD_BUCKETS) & (forth < N_BUCKETS)).all()


def test_words_are_cut_into_known_pieces():
    vocabulary = static_embeddings().vocabulary
    names = list(vocabulary)
    assert [names[place] for place in pieces("loneliness", vocabulary)] == ["loneliness"]
    assert [names[place] for place in pieces("don't", vocabulary)] == ["don", "'", "t"]
    assert len(pieces("attunement", vocabulary)) > 1
    assert [names[place] for place in pieces("\u4e00\u9fa5\u0f00", vocabulary)][-1] == "[UNK]"


def test_a_lexicon_gives_the_same_rows_whatever_came_before(monkeypatch):
    monkeypatch.setattr("attunement.annotation.heads.lexicon.FULL", 50)

    def row_of(word):
        return np.array([len(word), ord(word[0])], dtype=np.float32), len(word)

    lexicon = Lexicon(row_of, width=2)
    faults = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(60):
            words = ["abcdefghij"[int(rng.integers(10))] * int(rng.integers(1, 30)) for _ in range(20)]
            places, rows, hashes = lexicon.look_up(words)
            if (rows[places, 0] != [len(word) for word in words]).any() or (hashes != rows[places, 0]).any():
                faults.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
