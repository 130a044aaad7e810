"""Algorithms that train an agent: a settings class, heads, and a trainer each."""
