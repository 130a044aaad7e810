"""Speed and learning of rlnas against a peer, each a script: `python -m benchmarks.throughput` from the root."""
