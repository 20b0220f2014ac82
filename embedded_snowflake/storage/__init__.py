"""What is on disk: DuckDB's files, the catalog in them, the account, addresses of staged files."""
