"""Feedback on a visit or a delivery by five ways: QR code, SMS link, phone call, mystery visit, map (domain 3.5)."""
