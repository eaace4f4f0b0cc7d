"""Tables, figures and one self-contained HTML file for people who were not there."""
