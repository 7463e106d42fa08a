"""The market watch: how much choice there is, which prices are out of line, whom to invite."""
