"""The pages of stations and of regions, and the page that explains a number."""
