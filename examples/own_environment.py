"""An environment of one's own, in 30 lines: a pole on a cart is old hat, this is a thermostat.

    rlnas search --env Thermostat-v0 --import own_environment --steps 50k

in the folder of this file searches its network. `python own_environment.py` does the same in Python.
"""

import gymnasium
import numpy as np

import rlnas


class Thermostat(gymnasium.Env):
    """Keep a house between 19 and 21 degrees, with a heater that answers late, while heating costs money."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (3,), np.float32)  # inside, heater, outside
    action_space = gymnasium.spaces.Discrete(3)  # cooler, as it is, warmer

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.inside, self.heater, self.hour = self.np_random.uniform(10, 25), 0.0, 0
        return self._observe(), {}

    def step(self, action):
        self.hour += 1
        self.heater = float(np.clip(self.heater + 0.25 * (int(action) - 1), 0, 1))
        self.inside += 3 * self.heater - 0.1 * (self.inside - self._outside())
        comfortable = 19 <= self.inside <= 21
        return self._observe(), comfortable - 0.2 * self.heater, False, self.hour == 96, {}

    def _outside(self):
        return 5 + 5 * np.sin(2 * np.pi * self.hour / 24)

    def _observe(self):
        return np.array([self.inside / 10 - 2, self.heater, self._outside() / 10], dtype=np.float32)


gymnasium.register("Thermostat-v0", Thermostat)

if __name__ == "__main__":
    # Workers import this module by its name, so that they know the environment too.
    found = rlnas.search("Thermostat-v0", steps="50k", imports=["own_environment"], out="runs/thermostat-short")
    print("Best network:", found.best)
