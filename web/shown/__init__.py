"""What several pages show: banners, charts, counts that refresh, words."""
