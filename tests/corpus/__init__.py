"""Odd and malformed files made from the contracts by named operators, each with what must become of it."""
