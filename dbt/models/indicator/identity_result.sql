select
    identity_id,
    year,
    expression,
    left_value,
    right_value,
    difference,
    tolerance,
    expected_difference,
    status,
    note
from {{ source('dictionary', 'identity_result') }}
