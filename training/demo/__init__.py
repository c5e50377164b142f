"""The main job in one command: world, features, training, serving, orders, figures."""
