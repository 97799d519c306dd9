"""The report of a run as one HTML file: pictures and cloud frame by frame, figures over time, and everything needed to read them."""
