"""The order of the stages: the only caller of the catalogue and the stages together.

A stage gets values and gives facts; what lies here brings the values, and writes the facts back in
one transaction a batch, so that a run that is killed at any moment is finished by the next.
"""
