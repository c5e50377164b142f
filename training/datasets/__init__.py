"""Raw data sets in, tokenised warehouses out."""
