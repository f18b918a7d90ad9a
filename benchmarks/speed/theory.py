"""How long do eight objectives take, on the five examples and on ten thousand joint states, beside a plain loop?

The plain loop is backward induction in NumPy and SciPy with nothing around it: one matrix product, one sum and one
maximum a step, for the real-time objective, giving one optimal action and no set. Times are processor seconds. The examples stand beside a search
over all deterministic policies in plain Python, which is what the published table can be checked with.
"""

from __future__ import annotations

import importlib.util
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from scipy import sparse

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep

from attunement.theory import DRMDP, EXAMPLES, OBJECTIVES, influence_incentive, read, results, solve

ROOT = Path(__file__).resolve().parents[2]
N_RUNS = 7
MARKOV = ("real-time", "initial", "natural-shift", "myopic", "privileged", "constrained")


def brute():
    spec = importlib.util.spec_from_file_location("brute_force", ROOT / "tests" / "theory" / "brute_force.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Brute


def large(rng: np.random.Generator, *, n_states=100, n_thetas=100, n_actions=8, horizon=50, n_next=8) -> DRMDP:
    """Random sparse transitions, in which inaction leaves theta at the start, so that its natural path is one."""
    n_joint = n_states * n_thetas
    n_rows = n_joint * n_actions
    columns = rng.integers(0, n_joint, size=(n_rows, n_next))
    idle = np.arange(n_rows) % n_actions == 0
    theta = (np.arange(n_rows) // n_actions) % n_thetas
    columns[idle] = columns[idle] // n_thetas * n_thetas + theta[idle, None]
    chances = rng.dirichlet(np.ones(n_next), size=n_rows)
    rows = sparse.coo_array((chances.ravel(), (np.repeat(np.arange(n_rows), n_next), columns.ravel())))
    return DRMDP.of_arrays(
        transition=sparse.csr_array(rows),
        reward=rng.normal(size=(n_thetas, n_states, n_actions)),
        name="random",
        states=tuple(f"s{place}" for place in range(n_states)),
        thetas=tuple(f"t{place}" for place in range(n_thetas)),
        actions=tuple(f"a{place}" for place in range(n_actions)),
        noop="a0",
        start=("s0", "t0"),
        horizon=horizon,
    )


def plain(drmdp: DRMDP) -> float:
    """Backward induction and nothing else."""
    n_states, n_thetas, n_actions = len(drmdp.states), len(drmdp.thetas), len(drmdp.actions)
    own = np.moveaxis(drmdp.reward[..., 0], 0, 1).reshape(n_states * n_thetas, n_actions)
    value, policy = np.zeros(drmdp.n_joint), []
    for _ in range(drmdp.horizon):
        gain = own + (drmdp.transition @ value).reshape(own.shape)
        policy.append(gain.argmax(axis=1))
        value = gain.max(axis=1)
    return float(value[drmdp.start_joint])


def seconds(work, n_runs: int = N_RUNS) -> float:
    """The median of processor seconds, because other work shares the machine; everything runs in one thread."""
    taken = []
    for _ in range(n_runs):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def examples() -> dict:
    search = brute()

    def solved():
        for name in EXAMPLES:
            drmdp = read(name)
            for objective in OBJECTIVES:
                solve(drmdp, objective, theta=drmdp.thetas[0] if objective == "privileged" else None)

    def tabled():
        for name in EXAMPLES:
            results(read(name))

    def searched():
        for name in EXAMPLES:
            slow = search(read(name))
            for objective in ("real-time", "final", "initial", "natural-shift", "privileged"):
                slow.value(objective)

    found = {
        "eight objectives": seconds(solved),
        "whole table, with incentives and desirability": seconds(tabled),
        "values of five objectives, by search in plain Python": seconds(searched),
    }
    return {f"{name}, ms": round(1000 * value, 1) for name, value in found.items()}


def at_size() -> dict:
    drmdp = large(np.random.default_rng(11))
    reference = seconds(lambda: plain(drmdp))
    found = {}
    for objective in MARKOV:
        theta = drmdp.thetas[0] if objective == "privileged" else None
        optima = solve(drmdp, objective, theta=theta)
        taken = seconds(lambda objective=objective, theta=theta: solve(fresh(drmdp), objective, theta=theta), 5)
        found[objective] = {"seconds": round(taken, 3), "ratio_to_plain_loop": round(taken / reference, 2)}
        if objective == "real-time":
            found[objective]["same_value"] = bool(np.isclose(optima.value, plain(drmdp)))
            found[objective]["incentive, seconds"] = round(seconds(lambda it=optima: influence_incentive(it), 3), 3)
    return {"joint states": drmdp.n_joint, "plain loop, seconds": round(reference, 3), "objectives": found}


def fresh(drmdp: DRMDP) -> DRMDP:
    """The same with nothing worked out yet."""
    return drmdp.having(name="again")


def main() -> None:
    keep(__file__, {"examples": examples(), "size": at_size()}, packages=("numpy", "scipy"))


if __name__ == "__main__":
    main()
