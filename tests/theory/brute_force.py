"""The same answers the slow way: plain dictionaries, every history, every deterministic policy. Shares no code."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import linprog


class Brute:
    """Every deterministic policy with full memory, each as the trajectories that it may lead to."""

    def __init__(self, drmdp):
        self.n_thetas, self.n_actions = len(drmdp.thetas), len(drmdp.actions)
        self.horizon, self.discount = drmdp.horizon, drmdp.discount
        self.noop = drmdp.actions.index(drmdp.noop)
        self.reward = drmdp.reward.tolist()
        self.has_next = drmdp.reward.shape[3] > 1
        dense = drmdp.dense()
        self.nexts = {}
        for s, th, a in np.ndindex(dense.shape[:3]):
            found = np.argwhere(dense[s, th, a] > 0)
            self.nexts[(s, th), a] = [((int(y), int(z)), float(dense[s, th, a, y, z])) for y, z in found]
        self.start = (drmdp.states.index(drmdp.start[0]), drmdp.thetas.index(drmdp.start[1]))
        self.policies = [self.measured(leaves) for leaves in self.plans(self.start, 0)]
        self.idle = self.measured(self.follow(lambda _step, _joint: self.noop))

    def plans(self, joint, step):
        """For each policy from here, its leaves: (probability, joints, actions)."""
        if step == self.horizon:
            return [[(1.0, (joint,), ())]]
        found = []
        for action in range(self.n_actions):
            outcomes = self.nexts[joint, action]
            for below in itertools.product(*(self.plans(after, step + 1) for after, _ in outcomes)):
                found.append(
                    [
                        (chance * p, (joint, *joints), (action, *actions))
                        for (_, chance), leaves in zip(outcomes, below, strict=True)
                        for p, joints, actions in leaves
                    ]
                )
        return found

    def follow(self, choose, joint=None, step=0):
        """The leaves of the policy that chooses by step and joint state."""
        joint = self.start if joint is None else joint
        if step == self.horizon:
            return [(1.0, (joint,), ())]
        action = choose(step, joint)
        return [
            (chance * p, (joint, *joints), (action, *actions))
            for after, chance in self.nexts[joint, action]
            for p, joints, actions in self.follow(choose, after, step + 1)
        ]

    def gives(self, theta, joint, action, after):
        return self.reward[theta][joint[0]][action][after[0] if self.has_next else 0]

    def natural(self):
        """P(theta_t | inaction), by listing what inaction leads to."""
        found = [[0.0] * self.n_thetas for _ in range(self.horizon)]
        for p, joints, _ in self.follow(lambda _step, _joint: self.noop):
            for step in range(self.horizon):
                found[step][joints[step][1]] += p
        return found

    def measured(self, leaves):
        natural = self.natural()
        seen = {"real-time": 0.0, "final": 0.0, "natural-shift": 0.0, "EU": [0.0] * self.n_thetas, "leaves": leaves}
        seen["law"] = {True: {}, False: {}}
        for p, joints, actions in leaves:
            for step, action in enumerate(actions):
                weight = p * self.discount**step
                here, after = joints[step], joints[step + 1]
                gain = [self.gives(theta, here, action, after) for theta in range(self.n_thetas)]
                seen["real-time"] += weight * gain[here[1]]
                seen["final"] += weight * gain[joints[-1][1]]
                seen["natural-shift"] += weight * sum(q * g for q, g in zip(natural[step], gain, strict=True))
                for theta in range(self.n_thetas):
                    seen["EU"][theta] += weight * gain[theta]
            path = tuple(joint[1] for joint in joints)
            for terminal, key in ((True, path), (False, path[:-1])):
                seen["law"][terminal][key] = seen["law"][terminal].get(key, 0.0) + p
        return seen

    def is_natural(self, seen, terminal):
        ours, wanted = seen["law"][terminal], self.idle["law"][terminal]
        return all(abs(ours.get(path, 0) - wanted.get(path, 0)) < 1e-9 for path in ours.keys() | wanted.keys())

    def value(self, name, theta=None):
        return max(self.of(seen, name, theta) for seen in self.policies)

    def of(self, seen, name, theta=None):
        if name in {"initial", "privileged"}:
            return seen["EU"][self.start[1] if theta is None else theta]
        return seen[name]

    def mixture(self, gain, policies, *, natural=None, floor=None):
        """The largest mean gain over mixtures of policies: a policy by chance is one of these (Kuhn). None: impossible."""
        equal, goal = [[1.0] * len(policies)], [1.0]
        if natural is not None:
            paths = {path for seen in [*policies, self.idle] for path in seen["law"][natural]}
            for path in sorted(paths):
                equal.append([seen["law"][natural].get(path, 0.0) for seen in policies])
                goal.append(self.idle["law"][natural].get(path, 0.0))
        under = None if floor is None else -np.array([seen["EU"] for seen in policies]).T
        limit = None if floor is None else -np.array(floor) + 1e-9
        answer = linprog([-gain(seen) for seen in policies], A_ub=under, b_ub=limit, A_eq=equal, b_eq=goal)
        return None if answer.status == 2 else -answer.fun

    def is_efficient(self, utilities):
        """Whether no mixture gives every evaluator as much and one of them more."""
        n, k = len(self.policies), self.n_thetas
        mixed = np.array([seen["EU"] for seen in self.policies]).T
        under = np.hstack([-mixed, np.eye(k)])
        answer = linprog(
            np.concatenate([np.zeros(n), -np.ones(k)]),
            A_ub=under,
            b_ub=-np.asarray(utilities) + 1e-9,
            A_eq=[[1.0] * n + [0.0] * k],
            b_eq=[1.0],
        )
        return -answer.fun < 1e-6
