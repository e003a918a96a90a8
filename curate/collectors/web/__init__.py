"""What collectors need to know about the web: addresses, kinds of files, pages, robots, sitemaps."""
