"""Faults on purpose: processes killed under load, and a checker that knows what must still be true."""
