import numpy as np
import pytest
from scipy import sparse, special

from attunement.annotation.heads import cut, static_embeddings
from attunement.annotation.heads.scoring import Scorer
from attunement.annotation.training import EXEMPLARS, by_population, exemplars_of, joined, labelled, train_sides
from attunement.annotation.training.fitting import fit_logistic
from attunement.annotation.training.heads import Raw, fit_stack, stacked
from attunement.annotation.training.training import prepared
from attunement.annotation.training.weighing import AT_MOST, IN_PASSING, folds_of, weights_of
from attunement.codebook import Codebook, load

TWO = ("user.seek", "user.defer")


@pytest.fixture(scope="module")
def small():
    """A codebook of three constructs, and what training them gives."""
    book = load()
    keys = {*TWO, "ai.understand"}
    chosen = Codebook(constructs=tuple(one for one in book if one.key in keys))
    examples = {side: exemplars_of(chosen, side) for side in ("user", "ai")}
    weights, sides = train_sides(examples, exchange={"ai.understand"}, static=static_embeddings())
    return examples, weights, sides


def test_logistic_regression_finds_what_made_the_labels():
    rng = np.random.default_rng(0)
    sparse_part = sparse.random(6000, 40, density=0.3, random_state=1, format="csr")
    dense_part = rng.normal(size=(6000, 3))
    truth = rng.normal(size=43) * 2
    score = sparse_part @ truth[:40] + dense_part @ truth[40:] - 0.5
    label = (rng.random(6000) < special.expit(score)).astype(float)
    found = fit_logistic(sparse_part, dense_part, label, np.ones(6000), penalty=0.01)
    estimate = np.concatenate([found.of_sparse, found.of_dense])
    assert np.corrcoef(estimate, truth)[0, 1] > 0.98
    assert np.abs(estimate - truth).mean() < 0.25
    assert found.bias == pytest.approx(-0.5, abs=0.3)


def test_weights_of_rows_count_as_repeated_rows():
    rng = np.random.default_rng(0)
    features, dense = sparse.csr_matrix(rng.random((40, 5))), rng.random((40, 2))
    label, weight = (rng.random(40) > 0.5).astype(float), rng.integers(1, 4, 40)
    once = fit_logistic(features, dense, label, weight.astype(float), penalty=1.0)
    rows = np.repeat(np.arange(40), weight)
    often = fit_logistic(features[rows], dense[rows], label[rows], np.ones(len(rows)), penalty=1.0)
    assert once.of_sparse == pytest.approx(often.of_sparse, abs=1e-3)


def test_the_stack_is_calibrated_and_more_evidence_never_counts_against():
    rng = np.random.default_rng(0)
    turn, noise = rng.normal(size=4000), rng.normal(size=4000)
    raw = Raw(turn, -turn + noise, np.full(4000, 3))
    label = (rng.random(4000) < special.expit(1.5 * turn - 1)).astype(float)
    columns = stacked(raw, np.zeros(4000))
    stack = fit_stack(columns, label, np.ones(4000))
    assert (stack[1:3] >= 0).all()
    assert stack[4] == 0
    p = special.expit(columns @ stack)
    assert p.mean() == pytest.approx(label.mean(), abs=0.02)


def test_groups_are_never_divided():
    groups = np.array([f"g{number % 17}" for number in range(300)])
    folds = folds_of(groups, n_folds=5)
    assert all(len(set(folds[groups == group])) == 1 for group in set(groups))
    assert set(folds) == set(range(5))


def test_a_label_in_passing_counts_less_and_an_unknown_one_not_at_all():
    examples = exemplars_of(load(), "user")
    column = examples.constructs.index("user.seek")
    weight = weights_of(examples, column)
    own = examples.own[:, column]
    known = ~np.isnan(examples.labels[:, column])
    assert set(np.unique(weight[own & known])) == {1.0}
    assert set(np.unique(weight[~own & known])) == {IN_PASSING}
    assert not weight[~known].any()


def test_another_population_cannot_drown_the_exemplars():
    written = exemplars_of(load(), "user")
    rows = [
        {"text": f"text {number}", "construct": "user.seek", "label": number % 2, "group": f"w{number}"}
        for number in range(5000)
    ]
    both = joined([written, labelled(rows, side="user", constructs=written.constructs)])
    column = both.constructs.index("user.seek")
    weight = weights_of(both, column)
    is_written = (both.populations == EXEMPLARS) & both.own[:, column]
    assert weight[both.populations == "own"].sum() <= (AT_MOST + 0.01) * weight[is_written].sum()


def test_heads_say_of_texts_what_was_trained(small):
    """The weights that are written give the scores that training saw, but for the rounding to steps."""
    examples, weights, sides = small
    turns, _ = prepared(examples["user"].texts, static=static_embeddings())
    scorer = Scorer(weights["user"], static=static_embeddings())
    found = scorer.scores(cut(examples["user"].texts))
    for place, head in enumerate(sides["user"].heads):
        wanted = head.fitted.score(*turns.whole)
        assert np.abs(found.of_messages[:, place] - wanted).max() < 0.15
        assert np.corrcoef(found.of_messages[:, place], wanted)[0, 1] > 0.999
        assert np.abs(found.of_sentences[:, place] - head.fitted.score(*turns.sentences)).max() < 0.15


def test_an_exchange_gets_a_column_that_reads_what_it_answers(small):
    _, weights, _ = small
    assert weights["user"].columns == ("user.defer", "user.seek", "ai.understand|answered")
    assert weights["user"].constructs == ("user.defer", "user.seek")


def test_held_out_probabilities_tell_the_constructs(small):
    examples, _, sides = small
    for head in sides["user"].heads:
        (every, *registers) = by_population(examples["user"], head.key, head.p_without, n_draws=50)
        assert every.auroc > 0.75
        assert every.auroc_interval[0] < every.auroc < every.auroc_interval[1]
        assert every.n > 100
        assert all(one.population == EXEMPLARS for one in registers)


def test_labels_without_meaning_teach_nothing():
    """The null: shuffled labels must give held-out probabilities that agree with nothing."""
    book = load()
    chosen = Codebook(constructs=tuple(one for one in book if one.key in TWO))
    examples = exemplars_of(chosen, "user")
    rng = np.random.default_rng(0)
    labels = examples.labels.copy()
    for column in range(labels.shape[1]):
        labels[:, column] = rng.permutation(labels[:, column])
    from dataclasses import replace

    from attunement.annotation.training.training import train_head

    shuffled = replace(examples, labels=labels)
    turns, _ = prepared(shuffled.texts, static=static_embeddings())
    (every, *_) = by_population(shuffled, "user.seek", train_head("user.seek", shuffled, turns).p_without, n_draws=0)
    assert 0.35 < every.auroc < 0.65
