"""Identity clusters: accounts that share identifiers, and what their records add up to.

``clusters.toml`` declares the link types, their limits and the features; docs/clusters.md
explains them. ``ClusterState`` keeps the links and answers for one account at a time,
``ClusterFeatures`` turns the records of the accounts it names into columns of the vector.
Serving and the replay of a log call the same two classes.
"""
