select
    definition_id,
    switch,
    value,
    switch_zh,
    switch_en,
    value_zh,
    value_en
from {{ source('dictionary', 'definition') }}
