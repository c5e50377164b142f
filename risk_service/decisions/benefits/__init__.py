"""The decision on a promotion action when it happens, and on sellers' subsidy claims."""
