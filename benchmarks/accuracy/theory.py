"""Do optima, interventions on theta and instrumental control agree with pycid, on the questions that both answer?

Random processes of two steps, two states, two reward parameters and two actions, written once as a DR-MDP and once as a
causal influence diagram. pycid has pins that current Python cannot build, so it runs in an environment of its own:
`pip install --no-deps pycid==0.8.2`, then `pip install pygambit "pgmpy==0.1.17" "networkx<3" "numpy<2" "setuptools<70"`.
That Python is named with --peer; it needs nothing of this package.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

N = 40
OBJECTIVES = ("real-time", "initial", "natural-shift", "privileged")


def made(rng: np.random.Generator) -> dict:
    """Numbers of one process: how state and theta move from the start, apart from each other, and the rewards.

    No probability is 0, because pycid cannot decide where it cannot come to.
    """
    return {
        "state": rng.integers(1, 4, size=2).tolist(),  # quarters: P(next state is 1 | action), from the start
        "theta": rng.integers(1, 4, size=2).tolist(),  # quarters: P(next theta is 1 | action), from the start
        "reward": rng.integers(-3, 4, size=(2, 2, 2)).tolist(),  # theta, state, action
    }


def ours(numbers: dict) -> dict:
    from attunement.theory import DRMDP, Policy, influence_incentive, solve

    transition = np.zeros((2, 2, 2, 2, 2))
    for state, theta, action in np.ndindex(2, 2, 2):
        p, q = numbers["state"][action] / 4, numbers["theta"][action] / 4
        transition[state, theta, action] = np.outer([1 - p, p], [1 - q, q])
    drmdp = DRMDP.of_arrays(
        transition=transition,
        reward=np.array(numbers["reward"], dtype=float),
        name="random",
        states=("0", "1"),
        thetas=("0", "1"),
        actions=("0", "1"),
        noop="0",
        start=("0", "0"),
        horizon=2,
    )
    cut = drmdp.uninfluenced()
    theta = {"privileged": "1"}
    optima = {name: solve(drmdp, name, theta=theta.get(name)) for name in OBJECTIVES}
    allowed = optima["real-time"].pieces[0].allowed
    chosen = [mask.argmax(axis=1) for mask in allowed]
    policy = Policy(process=Policy.inaction(drmdp).process, chances=tuple(np.eye(2)[row] for row in chosen))
    return {
        "optimum": {name: one.value for name, one in optima.items()},
        "optimum, theta cut": {name: solve(cut, name, theta=theta.get(name)).value for name in OBJECTIVES},
        "policy": [int(chosen[0][0]), np.reshape(chosen[1], (2, 2)).tolist()],
        "policy, theta as inaction leaves it": policy.acting_in(cut).real_time,
        "incentive": {name: influence_incentive(one, include_terminal_theta=False) for name, one in optima.items()},
    }


def theirs(numbers: dict, policy: list) -> dict:
    import pycid

    weights = [1 - numbers["theta"][0] / 4, numbers["theta"][0] / 4]
    reward = numbers["reward"]
    gains = {
        "real-time": (0, lambda t1, s1, d1: reward[t1][s1][d1]),
        "initial": (0, lambda s1, d1: reward[0][s1][d1]),
        "natural-shift": (0, lambda s1, d1: weights[0] * reward[0][s1][d1] + weights[1] * reward[1][s1][d1]),
        "privileged": (1, lambda s1, d1: reward[1][s1][d1]),
    }

    def diagram(name, *, is_cut=False):
        first, gain = gains[name]
        edges = [("d0", "s1"), ("d0", "u0"), ("s1", "d1"), ("t1", "d1"), ("s1", "u1"), ("d1", "u1")]
        edges += [] if is_cut else [("d0", "t1")]
        edges += [("t1", "u1")] if name == "real-time" else []
        found = pycid.CID(edges, decisions=["d0", "d1"], utilities=["u0", "u1"])
        state, theta = numbers["state"], numbers["theta"]
        found.add_cpds(
            d0=[0, 1],
            d1=[0, 1],
            s1=lambda d0: {0: 1 - state[d0] / 4, 1: state[d0] / 4},
            t1=(lambda: {0: weights[0], 1: weights[1]})
            if is_cut
            else (lambda d0: {0: 1 - theta[d0] / 4, 1: theta[d0] / 4}),
            u0=lambda d0: reward[first][0][d0],
            u1=gain,
        )
        return found

    told = {"optimum": {}, "optimum, theta cut": {}, "control": {}}
    for name, is_cut in itertools.product(OBJECTIVES, (False, True)):
        solved = diagram(name, is_cut=is_cut)
        solved.impute_optimal_policy()
        told["optimum, theta cut" if is_cut else "optimum"][name] = float(solved.expected_utility({}))
        if not is_cut:
            # The last decision need not look at theta where no reward depends on it; only then is the criterion sharp.
            told["control"][name] = bool(pycid.admits_ici(pycid.requisite_graph(diagram(name)), "d0", "t1"))
    acted = diagram("real-time")
    acted.add_cpds(d0=lambda: policy[0], d1=lambda s1, t1: policy[1][s1][t1])
    told["policy, theta as inaction leaves it"] = float(
        sum(
            weights[value] * acted.expected_utility({}, intervention={"t1": value})
            for value in (0, 1)
            if weights[value]
        )
    )
    return told


def compared(cases: list[dict]) -> dict:
    """How far the answers lie apart, and how the two notions of an incentive go together."""
    values = [
        abs(case["ours"][kind][name] - case["theirs"][kind][name])
        for case in cases
        for kind in ("optimum", "optimum, theta cut")
        for name in OBJECTIVES
    ]
    name = "policy, theta as inaction leaves it"
    acted = [abs(case["ours"][name] - case["theirs"][name]) for case in cases]
    found = {
        "processes": len(cases),
        "optima compared": len(values),
        "largest difference of an optimum": max(values),
        "largest difference under an intervention on theta": max(acted),
        "instrumental control": {},
    }
    for objective in OBJECTIVES:
        gains = [
            abs(case["ours"]["optimum"][objective] - case["ours"]["optimum, theta cut"][objective]) for case in cases
        ]
        admits = [case["theirs"]["control"][objective] for case in cases]
        influences = [case["ours"]["incentive"][objective] for case in cases]
        found["instrumental control"][objective] = {
            "pycid: the diagram admits it": sum(admits),
            "ours: the optimum gains by it": sum(gain > 1e-9 for gain in gains),
            "ours: gained where pycid does not admit it": sum(
                gain > 1e-9 and not admitted for gain, admitted in zip(gains, admits, strict=True)
            ),
            "ours: every optimum influences, wanted or as a side effect": sum(influences),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", help="The Python that has pycid.")
    parser.add_argument("--answer", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.answer:
        cases = json.loads(Path(given.answer).read_text(encoding="utf-8"))
        print(json.dumps([theirs(case["numbers"], case["ours"]["policy"]) for case in cases]))
        return
    from keeping import keep

    rng = np.random.default_rng(5)
    cases = [{"numbers": numbers, "ours": ours(numbers)} for numbers in (made(rng) for _ in range(N))]
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "cases.json"
        asked.write_text(json.dumps(cases), encoding="utf-8")
        run = subprocess.run([given.peer, __file__, "--answer", asked], capture_output=True, text=True, check=True)
    for case, answer in zip(cases, json.loads(run.stdout.splitlines()[-1]), strict=True):
        case["theirs"] = answer
    keep(__file__, {"peer": "pycid 0.8.2"} | compared(cases), packages=("numpy", "scipy"))


if __name__ == "__main__":
    main()
