"""Generator of a synthetic province with exact truth.

    write_sample(directory, scale, years, seed, province, on_progress) -> SampleReport

Everything it writes is invented and says so: `synthetic.json` in the folder, `"synthetic": true` in every manifest and in
`truth.json`, key-value metadata in every Parquet file, person numbers and certificates of region 990000, which nobody has.

Batches of the folder: `b<year>12_master` (people, enrolment and contributions up to that year, ledger, references; the
first one for the year before the first), `b<yyyymm>` (settlements of the half-year that ends there, in the last year of
that month alone: history comes in large pieces, what is current month by month), `b<yyyymm>_late` (June and December:
flags moved, late claims, rows delivered again). Same seed, scale, years and province: same bytes.

`truth.json` (beside a folder named `landing`, else inside) is the generator's own bookkeeping; nothing is read back:
- `files`: path, extract, rows_read, rows_quarantined, refused. `defects`: kind (rule id), extract, file, rows. A broken
  settlement is counted nowhere else.
- `reversals`: events by the nine kinds of the data dictionary; disjoint (a stay that is redone is under
  redo_after_reversal, a stay reversed for good under same_month). `events`: every story of `stories.py` by its own name.
- `versions`: rows that lose against another version of their key, by extract.
- `cells.settlement`: live rows by the national defaults (money in fen). `visits` are rows that are neither
  supplementary (L1) nor of a stay kind (L12). `payment_place` is the code 1 to 5, or unknown where none was written.
- `cells.stay`: visit_type inpatient (maternity among it) and home_bed; bed-days by both rules; money of all live rows.
- `cells.assistance`: encounters at their first live row with maf_pay > 0 (L2), payments and amount at each row.
- `cells.ledger_measure`: visits and fee with the sign of reversal_measure = ledger.
- `cells.benefit`: uses of single benefits by kind of visit: the two diseases, antenatal checks, family accounts.
- `cells.negotiated_drug`: uses of negotiated drugs on the lines that were written, in the three units (L75).
- `cells.triple_protection`: visits of rural low-income people and what the three layers paid for them (L66).
- `cells.beneficiary`: distinct persons who were settled, paid by any fund or by the pooled fund, by year, region (the province
  among them: no sum), scheme and paid_for (kind of visit, or disease), `total` for any; only up to scale 0.02.
- `cells.enrolment`: persons insured on 31 December, each in one cell (R14, R15); sex unknown where the person row is broken.
- `cells.premium_subsidy`: persons whose premium of a year was subsidised, once a year (L63). `cells.person_file`: natural
  persons by numbers, spells, gaps and years of cover as of the last 31 December (L60, L61).
- `cells.fund`: newest as_of; flows are sums of the year, BAL is the balance of December.
- `cells.fund_bridge`: E01, A02 and A03 of the ledger taken apart: settled (with the ledger's sign), allowance, outside the
  settlement system, timing (deposits, later booking, rounding); the parts add up to the line. `cells.population`,
  `cells.maternity_allowance`, `cells.reported` (departmental returns, value in their unit).
"""

from __future__ import annotations

from dagster_project.sample.write import DEFAULT_PROVINCE, SampleReport, write_sample

__all__ = ["DEFAULT_PROVINCE", "SampleReport", "write_sample"]
