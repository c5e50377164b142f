"""Commands of the offline half. They convert arguments and call a use case; they decide nothing."""
