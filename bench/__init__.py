"""Measuring the product beside a yardstick; not part of the installed package.

Belongs here: the yardstick, running both in child processes, results and their page. Does not belong here: anything that
the product needs.
"""
