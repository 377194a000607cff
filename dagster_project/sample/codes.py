"""Code values the generator writes, by position, and the truth's label of each.

Belongs here: positions, codes, labels, in the sample's own bookkeeping; deliberately apart from the warehouse's code
sets, so that truth does not inherit a mistake of theirs. Does not belong here: how often a code is drawn.
"""

from __future__ import annotations

import numpy as np

NULL = ""

SCHEMES = ("employee", "resident", "unknown")
INSUTYPES = ("310", "390", "510", "399", "777", NULL)
SCHEME_OF_INSUTYPE = np.array([0, 1, 0, 2, 2, 2], dtype=np.int64)

STATUSES = ("active", "retired", "unknown", "none")
PERSON_TYPES = (
    "1101", "1102", "1103", "1201", "1202", "1203", "1300", "1402", "1403", "1404", "1501", "16", "99", "34", "77",
)  # fmt: skip
STATUS_OF_PERSON_TYPE = np.array([0, 0, 0, 1, 1, 1, 1, 3, 3, 3, 3, 3, 2, 2, 2], dtype=np.int64)

VISITS = ("outpatient", "chronic", "inpatient", "pharmacy", "maternity_outpatient", "home_bed", "unknown")
OUTPATIENT, CHRONIC, INPATIENT, PHARMACY, MATERNITY_OUTPATIENT, HOME_BED, UNKNOWN_VISIT = range(7)
CARE_TYPES = (
    "11", "110104", "12", "13", "1301", "14", "140104", "140201", "1404", "21", "2102", "24", "28", "2105", "41",
    "51", "510102", "53", "53_04", "52", "5302", "71", "9977", "81",
)  # fmt: skip
VISIT_AT_HOSPITAL = np.array(
    [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 4, 4, 4, 4, 2, 2, 5, 6, 6], dtype=np.int64
)  # R29: 41 at a hospital is pharmacy; by default emergency is outpatient and 52 inpatient
MATERNITY_STAY = np.array([code in ("52", "5302") for code in CARE_TYPES])
PER_DIEM_CARE = CARE_TYPES.index("2105")
UNMAPPED_CARE = (CARE_TYPES.index("9977"), CARE_TYPES.index("81"))

ANTENATAL_CARE = CARE_TYPES.index("510102")

# Diseases that a chronic outpatient settlement names: the two of the outpatient drug benefit, a tumour, or none.
DISEASES = (NULL, "M03900", "M03902", "M01600", "M01603", "M00500")
# The two diseases by code and, where the settlement names none, by a care type of their own.
TWO_DISEASES = ("hypertension", "diabetes", "unspecified", "none")
TWO_DISEASE_OF_DISEASE = np.array([3, 0, 0, 1, 1, 3], dtype=np.int64)
TWO_DISEASE_CARE = CARE_TYPES.index("1404")
CHRONIC_CARE = np.array([code.startswith("14") for code in CARE_TYPES])

PAY_LOCATIONS = ("1", "2", "3", "4", "5", NULL, "8")
MANUAL, LOCAL_ONLINE, IN_PROVINCE_ONLINE, CROSS_PROVINCE_ONLINE, UNCLEAR, NO_LOCATION, UNKNOWN_LOCATION = range(7)
PLACES = ("1", "2", "3", "4", "5", "unknown")  # the code as written; unknown where none was
PLACE_OF_LOCATION = np.array([0, 1, 2, 3, 4, 5, 5], dtype=np.int64)

TIERS = ("tertiary", "secondary", "primary_and_below", "unknown")
TRAVELS = ("local", "in_province", "cross_province", "unknown")
LOCAL, IN_PROVINCE, CROSS_PROVINCE, UNKNOWN_TRAVEL = range(4)

SETTLEMENT_TYPES = ("1", "2", "3")
BY_COUNTER, ONLINE, SUPPLEMENTARY = range(3)
CLEARING_WAYS = ("10", "30", "40", "50", "99")
BY_ITEM, BY_DIP, BY_DRG, PER_DIEM, OTHER_CLEARING = range(5)
MANUAL_REASONS = (NULL, "01", "03", "06", "08")
NO_REASON, ORDINARY_CLAIM, CLAIM_ELSEWHERE, ASSISTANCE_LATER, SECOND_YEARLY = range(5)

FLAGS = ("0", "1", "7", "2")

# Outcome of grouping: no result, paid in all runs, ungrouped in all runs, grouped at year end only, at first only.
NO_GROUP, GROUPED, UNGROUPED, GROUPED_AT_YEAR_END, UNGROUPED_AT_YEAR_END = range(5)
PAID_BY_DISEASE = np.array([False, True, False, True, False])

# What a settlement row is in the end; only LIVE counts as known, the ledger adds and subtracts.
LIVE, REVERSED, FLAGGED_ALONE, REVERSING, RESTORING, INVALID, NOWHERE = range(7)
LEDGER_SIGN = np.array([1, 1, 1, -1, 1, 0, 0], dtype=np.int64)

SEXES = ("unknown", "male", "female")
EMPLOYER_GROUPS = ("enterprise", "government", "flexible_other", "unknown", "none")

# 统账结合, 单建统筹, 住院统筹, a code that no list has, nothing written.
HI_TYPES = ("1", "2", "3", "9", NULL)
FUND_MODES = ("pool_account", "pool_only", "unknown", "none")
FUND_MODE_OF_HI_TYPE = np.array([0, 1, 1, 2, 2], dtype=np.int64)

# psn_type of a spell; what no roll-up knows is of no group of residents.
SPELL_TYPES = ("1101", "1201", "1401", "1402", "1403", "1404", "1405", "1501", "1560", "16", "99")
RESIDENT_GROUPS = ("adult", "pupil_child", "college", "unknown", "none")
GROUP_OF_SPELL_TYPE = np.array([3, 3, 1, 1, 1, 2, 1, 0, 0, 0, 3], dtype=np.int64)

HOUSEHOLDS = ("20", "21", "10", NULL)
HOUSEHOLD_KINDS = ("rural", "not_rural", "unknown", "none")
KIND_OF_HOUSEHOLD = np.array([0, 0, 1, 2], dtype=np.int64)

# Names of the lists stand for their codes, which the platform has not published; 999 is in no list.
IDENTITIES = (NULL, "特困人员", "孤儿", "低保对象", "低保边缘", "因病致贫", "脱贫人口", "999")
ILL = IDENTITIES.index("因病致贫")
POPULATION_GROUPS = (
    "unknown", "destitute", "orphan", "minimum_living", "low_income_margin", "illness_impoverished",
    "lifted_out_of_poverty",
)  # fmt: skip
POPULATION_GROUP_OF_IDENTITY = np.array([0, 1, 2, 3, 4, 5, 6, 0], dtype=np.int64)
SUBSIDIES = ("subsidised", "not_subsidised", "unknown", "none")
SUBSIDY_OF_IDENTITY = np.array([1, 0, 0, 0, 0, 0, 0, 2], dtype=np.int64)
# Whose money it is: medical assistance pays for the destitute, orphans and the minimum living allowance.
SUBSIDY_SOURCES = ("medical_assistance", "other_department", "unknown")
SOURCE_OF_IDENTITY = np.array([2, 0, 0, 0, 1, 1, 1, 2], dtype=np.int64)
