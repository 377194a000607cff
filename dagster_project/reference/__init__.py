"""A page an indicator: definition, formula, choices, breaks, targets, published series, and own figures where a home has them.

Belongs here: reading what is known of an indicator (`series`), its chart (`chart`), its page (`page`), all of them (`write`).
Does not belong here: computing figures; the bulletin.
"""
