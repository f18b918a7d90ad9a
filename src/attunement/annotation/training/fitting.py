"""Logistic regression on sparse and dense features together, penalised, with weighted and soft labels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import optimize, sparse, special


class Fitted(NamedTuple):
    """A linear score."""

    of_sparse: np.ndarray  # one a column of the sparse features
    of_dense: np.ndarray  # one a column of the dense features
    bias: float

    def score(self, from_sparse: sparse.csr_matrix, from_dense: np.ndarray) -> np.ndarray:
        """The score of each row."""
        return np.asarray(from_sparse @ self.of_sparse + from_dense @ self.of_dense + self.bias)


def fit_logistic(
    from_sparse: sparse.csr_matrix,
    from_dense: np.ndarray,
    label: np.ndarray,
    weight: np.ndarray,
    *,
    penalty: float,
) -> Fitted:
    """Fit by L-BFGS. The bias is not penalised.

    Args:
        from_sparse, from_dense: the features of each text.
        label: from 0 to 1.
        weight: what each text counts.
        penalty: half of it times the squared weights is added to the negative log-likelihood.
    """
    used = np.unique(from_sparse.indices)
    few = from_sparse[:, used].astype(np.float64)
    few_t = few.T.tocsr()
    n_sparse, n_dense = len(used), from_dense.shape[1]

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        score = few @ theta[:n_sparse] + from_dense @ theta[n_sparse:-1] + theta[-1]
        pull = weight * (special.expit(score) - label)
        value = weight @ (np.logaddexp(0, score) - label * score) + penalty / 2 * (theta[:-1] @ theta[:-1])
        gradient = np.concatenate([few_t @ pull, from_dense.T @ pull, [pull.sum()]])
        gradient[:-1] += penalty * theta[:-1]
        return float(value), gradient

    begin = np.zeros(n_sparse + n_dense + 1)
    mean = np.clip(np.average(label, weights=weight), 1e-4, 1 - 1e-4)
    begin[-1] = special.logit(mean)
    found = optimize.minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 200, "gtol": 1e-3})
    of_sparse = np.zeros(from_sparse.shape[1])
    of_sparse[used] = found.x[:n_sparse]
    return Fitted(of_sparse, found.x[n_sparse:-1], float(found.x[-1]))
