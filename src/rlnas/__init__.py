"""rlnas finds the neural-network architecture for a reinforcement-learning agent."""
