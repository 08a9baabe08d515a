#!/bin/sh
# Builds what is released, dist/shouwang-VERSION-py3-none-any.whl, with the procedures, the forms and the pages' assets.
. "$(dirname "$0")/setup.sh"
take_turn
setup_python requirements.txt run
setup_assets
copy=$(mktemp -d) # setuptools leaves its workings where it builds
cp -R bpmn engine forms_json web pyproject.toml "$copy/"
"$VENV/bin/pip" wheel -qq --no-deps --no-build-isolation -w dist "$copy"
rm -rf "$copy"
ls dist/*.whl
