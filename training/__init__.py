"""The offline half: worlds, data sets, features, models, reports. Imports the service's core."""
