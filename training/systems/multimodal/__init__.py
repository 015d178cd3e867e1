"""What the systems that look at a photo share: visual tokens, layers, the tagger with a correction by the photo, training on
frozen features, and dev figures with no photo, visual words and a wrong photo."""
