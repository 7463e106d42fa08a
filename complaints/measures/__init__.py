"""What the state does about a case: bans, stop-sales, instructions, rule changes, fines, pre-trial settlement."""
