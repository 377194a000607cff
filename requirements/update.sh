#!/bin/sh
# Renew the pins of both groups. Needs uv; the pins name no registry. Run from the project's root.
set -eu
options="--python-version 3.11 --universal --no-strip-extras --generate-hashes --no-emit-index-url --no-header --quiet"
uv pip compile pyproject.toml $options --output-file requirements/default.txt
uv pip compile pyproject.toml --group test $options --output-file requirements/test.txt
uv pip compile requirements/fonts.in --no-deps $options --output-file requirements/fonts.txt
