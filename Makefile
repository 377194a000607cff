# Two commands do everything: `make bulletin` runs the main job, `make test` passes the tests.
# Both build .venv themselves from the committed pins, once; uv is used when it is there, pip otherwise.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SAMPLE := data/sample
export DAGSTER_DISABLE_TELEMETRY := 1
export DO_NOT_TRACK := 1

.PHONY: help bulletin test test-long bench bench-lines bench-memory bench-peers lint types sql ui docs clean environment test-environment

help:
	@echo "make bulletin   sample province, whole run, bulletin            (样本省、全流程、公报)"
	@echo "make test       everything CI runs, under 15 minutes            (全部测试)"
	@echo "make test-long  what takes longer: seeds, scales, kills         (长测试)"
	@echo "make bench      seconds, memory, disk beside the yardstick      (快慢与代价)"
	@echo "make ui         Dagster on 127.0.0.1:3000 for HOME_DIR=data/home (界面)"
	@echo "make docs       pages of the indicators, from the dictionary    (指标说明页)"
	@echo "make clean      removes what can be made again of samples; never landing, keys, publications or homes of real data"

# ---------------------------------------------------------------- environment
environment: $(VENV)/default.ready
test-environment: $(VENV)/test.ready

$(VENV)/default.ready: requirements/default.txt pyproject.toml .ci/environment
	@sh .ci/environment "$(PYTHON)" "$(VENV)" default

$(VENV)/test.ready: requirements/test.txt pyproject.toml .ci/environment
	@sh .ci/environment "$(PYTHON)" "$(VENV)" test

# ---------------------------------------------------------------- the main job
bulletin: environment
	@test -f $(SAMPLE)/landing/synthetic.json || $(BIN)/bulletin sample $(SAMPLE)/landing
	@$(BIN)/bulletin run --home $(SAMPLE)

ui: environment
	@$(BIN)/bulletin ui --home "$(or $(HOME_DIR),data/home)"

# ---------------------------------------------------------------- tests
lint: test-environment
	@$(BIN)/ruff check dagster_project tests bench
	@$(BIN)/ruff format --check dagster_project tests bench

types: test-environment
	@$(BIN)/mypy

sql: test-environment
	@PYTHONWARNINGS=ignore $(BIN)/sqlfluff lint --disable-progress-bar --processes 2 dbt/models dbt/tests

test: lint types sql
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not long"

test-long: test-environment
	@$(BIN)/pytest -m long

# ---------------------------------------------------------------- measuring
# Options: BENCH_SCALES ("0.01 0.1"), BENCH_DIR (data/bench; emptied afterwards), BENCH_NAME (default); see docs/bench.md.
bench: environment
	@$(BIN)/python -m bench.run

# Charge lines through intake: BENCH_LINES (1000000). Other engines on the settlement part: PEERS ("duckdb polars chdb spark
# postgresql"; those that are not there are said), PEERS_SCALE (0.1), PEERS_PYTHON (an environment that has them).
bench-lines: environment
	@$(BIN)/python -m bench.fee_lines

# The product alone with the memory of a small machine: BENCH_MEMORY (6), BENCH_SCALES, BENCH_NAME (the result to compare with).
bench-memory: environment
	@$(BIN)/python -m bench.little_memory

bench-peers: environment
	@$(BIN)/python -m bench.peers $(PEERS)

# ---------------------------------------------------------------- pages made from the dictionary
docs: environment
	@$(BIN)/python -m dagster_project.reference.write

# ---------------------------------------------------------------- cleaning
# Landing folders, keys (outside the project) and frozen publications stay; the sample's landing can be made again. Homes of
# real data stay whole: what raw holds of files that have since left the landing folder could not be made again.
clean:
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis dbt/target dbt/logs logs build dist data/bench
	@for home in data/*/; do \
	  [ -f "$$home/warehouse.duckdb" ] || continue; \
	  if [ ! -f "$$home/landing/synthetic.json" ]; then \
	    echo "left alone, not a sample (不是样本，未动): $$home"; continue; \
	  fi; \
	  rm -rf "$$home/raw" "$$home/quarantine" "$$home/warehouse.duckdb" "$$home/warehouse.duckdb.wal" \
	    "$$home/serving" "$$home/dbt_target" "$$home/dagster" "$$home/logs" "$$home/tmp"; \
	done
	@echo "cleaned; landing, keys and publications are untouched (已清理；来源文件、密钥与出版物未动)"
