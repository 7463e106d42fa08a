"""Printed QR codes: what each stands for, the sheet to print, and how far they have spread."""
