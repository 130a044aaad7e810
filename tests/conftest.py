import torch

# Training runs use one thread each (SPEC, section 6), and two threads make tests depend on what else is running.
torch.set_num_threads(1)
