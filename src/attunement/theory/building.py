"""Builds a DR-MDP row by row, with rows that hold for many states at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np

from attunement.errors import ProcessError
from attunement.theory.decisions import DRMDP

Names = str | Sequence[str] | None
"""One name, several, or None for all."""


class Builder:
    """Collects rows, of which a later one replaces an earlier one for the same place, and makes a DRMDP of them."""

    def __init__(
        self,
        *,
        name: str,
        states: Sequence[str],
        thetas: Sequence[str],
        actions: Sequence[str],
        horizon: int,
        noop: str | None = None,
        start: tuple[str, str] | None = None,
        discount: float = 1.0,
    ) -> None:
        """Start with names alone. Without `noop` and `start` they are the first action, state and theta.

        Raises:
            ProcessError: a list of names is empty.
        """
        self.name = name
        self._states, self._thetas, self._actions = tuple(states), tuple(thetas), tuple(actions)
        if not (self._states and self._thetas and self._actions):
            self._refuse("states, thetas or actions", "nothing", "at least one name each")
        self._noop = self._actions[0] if noop is None else noop
        self._start = (self._states[0], self._thetas[0]) if start is None else start
        self._horizon, self._discount = horizon, discount
        shape = len(self._states), len(self._thetas), len(self._actions)
        self._transition = np.full((*shape, *shape[:2]), np.nan)
        self._reward = np.full((shape[1], shape[0], shape[2], shape[0]), np.nan)

    def transition(
        self,
        to: Mapping[tuple[str | None, str | None], float],
        *,
        state: Names = None,
        theta: Names = None,
        action: Names = None,
    ) -> Builder:
        """State what an action leads to: the probability of each (next state, next theta); None for unchanged.

        Raises:
            ProcessError: a name is unknown, or the probabilities do not add up to 1.
        """
        row = f"transition of state {_told(state)}, theta {_told(theta)}, action {_told(action)}"
        if not abs(sum(to.values()) - 1) <= 1e-9 or min(to.values()) < 0:
            self._refuse(
                row, f"probabilities {', '.join(f'{p:g}' for p in to.values())}", "probabilities that add to 1"
            )
        for at in self._places(row, (state, self._states), (theta, self._thetas), (action, self._actions)):
            self._transition[at] = 0.0
            for (next_state, next_theta), chance in to.items():
                onward = (
                    at[0] if next_state is None else self._place(row, next_state, self._states),
                    at[1] if next_theta is None else self._place(row, next_theta, self._thetas),
                )
                self._transition[(*at, *onward)] += chance
        return self

    def reward(
        self, value: float, *, theta: Names = None, state: Names = None, action: Names = None, next_state: Names = None
    ) -> Builder:
        """State what an evaluator gives for an action in a state.

        Raises:
            ProcessError: a name is unknown.
        """
        row = f"reward of theta {_told(theta)}, state {_told(state)}, action {_told(action)}"
        axes = (theta, self._thetas), (state, self._states), (action, self._actions), (next_state, self._states)
        for at in self._places(row, *axes):
            self._reward[at] = value
        return self

    def build(self) -> DRMDP:
        """The decision process.

        Raises:
            ProcessError: naming the first row that is not stated, or that makes no sense.
        """
        for what, values, axes in (
            ("transition", self._transition, (self._states, self._thetas, self._actions)),
            ("reward", self._reward, (self._thetas, self._states, self._actions)),
        ):
            unstated = np.argwhere(np.isnan(values))
            if unstated.size:
                row = ", ".join(names[int(place)] for names, place in zip(axes, unstated[0], strict=False))
                self._refuse(f"the {what} of ({row})", "nothing", "a row for it")
        same = np.all(self._reward == self._reward[..., :1])
        return DRMDP.of_arrays(
            transition=self._transition,
            reward=self._reward[..., :1] if same else self._reward,
            name=self.name,
            states=self._states,
            thetas=self._thetas,
            actions=self._actions,
            noop=self._noop,
            start=self._start,
            horizon=self._horizon,
            discount=self._discount,
        )

    def _places(self, row: str, *axes: tuple[Names, tuple[str, ...]]) -> Iterator[tuple[int, ...]]:
        chosen = []
        for given, names in axes:
            wanted = names if given is None else (given,) if isinstance(given, str) else given
            chosen.append([self._place(row, name, names) for name in wanted])
        return product(*chosen)

    def _place(self, row: str, name: str, names: tuple[str, ...]) -> int:
        if name not in names:
            self._refuse(row, f"the name {name!r}", ", ".join(names))
        return names.index(name)

    def _refuse(self, row: str, got: str, have: str) -> None:
        raise ProcessError(
            f'the decision process "{self.name}" has a row that makes no sense: {row}',
            got=got,
            have=have,
            do="mend that row",
        )


def _told(names: Names) -> str:
    return "any" if names is None else names if isinstance(names, str) else " or ".join(names)
