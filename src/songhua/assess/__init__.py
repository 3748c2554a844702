"""What does it mean (评价)? Pure modules by medium, and one thin job."""
