"""A bureau's own published figures against ours: which agree, which do not, and which definition would explain it.

Belongs here: reading the bureau's workbook (`reading`), finding the indicators and comparing (`matching`), looking for reasons
(`reasons`), the answer as tables (`answer`). Does not belong here: computing figures (`indicator_trial.py`).
"""
