"""One module per country: its documents -> results, and nothing else knows its format."""
