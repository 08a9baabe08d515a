"""The product's diagrams before an independent linter and in the modeler's own viewer."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from engine.prevention.installation import ROOT

DIAGRAMS = sorted((ROOT / "bpmn").glob("*.bpmn"))
VIEWER = ROOT / "node_modules" / "bpmn-js" / "dist" / "bpmn-navigated-viewer.development.js"
IMPORT = """async xml => {
  const viewer = new BpmnJS({ container: '#canvas' });
  const { warnings } = await viewer.importXML(xml);
  return warnings.map(w => w.message);
}"""


@pytest.mark.duty("C1", "C5")
def test_an_independent_linter_finds_no_error() -> None:
    linter = ROOT / "node_modules" / ".bin" / "bpmnlint"
    found = subprocess.run([linter, *DIAGRAMS], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_linter_would_see_a_mistake(tmp_path: Path) -> None:
    broken = tmp_path / "broken.bpmn"
    broken.write_text(
        (ROOT / "bpmn" / "look_back.bpmn")
        .read_text()
        .replace("<bpmn:endEvent ", "<bpmn:task ", 1)
        .replace("</bpmn:endEvent>", "</bpmn:task>", 1)
    )
    (tmp_path / ".bpmnlintrc").write_text((ROOT / ".bpmnlintrc").read_text())
    linter = ROOT / "node_modules" / ".bin" / "bpmnlint"
    assert subprocess.run([linter, broken], cwd=ROOT, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("path", DIAGRAMS, ids=[path.stem for path in DIAGRAMS])
@pytest.mark.duty("C5")
def test_opens_in_bpmn_js_without_a_warning(browser: Browser, path: Path) -> None:
    page = browser.new_page()
    try:
        page.set_content('<div id="canvas" style="width: 1200px; height: 800px"></div>')
        page.add_script_tag(path=VIEWER)
        assert page.evaluate(IMPORT, path.read_text()) == []
    finally:
        page.close()
