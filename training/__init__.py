"""PyTorch reference of MNER-QG as this project builds it: network, training, export. The oracle of the TypeScript network."""
