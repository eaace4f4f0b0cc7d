"""Is method A really better than B? Tests, intervals and effect sizes; no torch."""
