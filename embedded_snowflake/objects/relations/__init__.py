"""What has rows: tables, views, dynamic tables."""
