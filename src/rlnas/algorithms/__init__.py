"""Algorithms that train an agent: the protocol, their registry, and PPO, the one that there is."""
