"""Readers, labelled pieces, photos: what every system is trained on and measured with. Knows no system."""
