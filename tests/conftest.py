import torch

# Training runs use one thread each, and two threads make tests depend on what else is running.
torch.set_num_threads(1)
