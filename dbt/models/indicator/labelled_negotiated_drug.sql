with labelled as (
    {{ netted_labels(ref('cube_negotiated_drug'), ['lines', 'drug_settlements', 'settlements']) }}
),

final as (
    select
        province,
        region_code,
        year,
        scheme,
        cast(sum(lines * visit_weight) as bigint) as lines,
        cast(sum(drug_settlements * visit_weight) as bigint) as drug_settlements,
        cast(sum(settlements * visit_weight) as bigint) as settlements
    from labelled
    group by province, region_code, year, scheme
)

select * from final
