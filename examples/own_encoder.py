"""Train a PyTorch Geometric model of your own, from Python.

    python examples/make_events.py examples/events
    python examples/own_encoder.py

A package would bring the encoder through the hook ``register_encoders``; in a script or notebook it
is added to the registry by hand.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch
from torch_geometric.nn import GIN, global_mean_pool

from hitclr.config import load_settings
from hitclr.graphs import KNN
from hitclr.plugins import load_plugins
from hitclr.runs import train


class MyEncoder(nn.Module):
    """A graph isomorphism network on the 8 nearest neighbours."""

    def __init__(self, in_channels: int, width: int = 32) -> None:
        super().__init__()
        self.gnn = GIN(in_channels + 3, width, num_layers=2)
        self.out_channels = width
        self.edges = KNN(k=8)

    def forward(self, batch: Batch) -> Tensor:
        """The representation [B, D] of the events, from standardised positions and features."""
        hits = torch.cat([batch.pos, batch.x], 1)
        return global_mean_pool(self.gnn(hits, batch.edge_index), batch.batch)


def main() -> None:
    """Train on the example files and say how well the classes are told apart."""
    plugins = load_plugins()
    plugins.encoders.add("my-encoder", MyEncoder, owner="this script")
    file = Path(__file__).parent / "train.yaml"
    changes = ["encoder={name: my-encoder, width: 48}", "trainer.epochs=5", "out=runs/own-encoder"]
    run = train(load_settings(file, changes), plugins, base=file.parent, overwrite=True, say=print)
    for score in run.evaluation.scores:
        print(f"{score['metric']}: {score['value']:.3f} ({score['low']:.3f}-{score['high']:.3f})")


if __name__ == "__main__":
    main()
