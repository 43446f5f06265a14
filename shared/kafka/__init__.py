"""How events travel: records, positions, batches, parking, the relay. The one place that decides the fate of a failure."""
