"""The queries of notifications: `known` for what others publish, `notices` for what is owed, `sending` for the job,
`views` for operations."""
