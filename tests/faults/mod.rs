//! What becomes of work when ports fail and processes die, and of secrets when anything does.
