"""`parkway doctor`: what is wrong where Parkway runs, and how to mend it."""
