"""Measurements with a bar: each prints and writes its figures and fails when one is over."""
