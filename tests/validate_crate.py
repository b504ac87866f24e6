"""Has roc-validator check the crate in a folder against the profile of workflow runs, and runcrate read it.

Nothing is asked of the network: the context of RO-Crate is that of the package rocrate, which is a later one, and crates use
no word of the context of workflow runs.
"""

import json
import sys
from pathlib import Path

import requests
import rocrate
from rocrate_validator import models, services
from rocrate_validator.utils.http import HttpRequester
from runcrate.report import dump_crate_actions

LATER = Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld"
CONTEXTS = {
    "https://w3id.org/ro/crate/1.1/context": {
        **json.loads(LATER.read_text())["@context"],
        "ComputationalWorkflow": "https://bioschemas.org/ComputationalWorkflow",
    },
    "https://w3id.org/ro/terms/workflow-run/context": {},
}


def get(_requester, url, **_options):
    """What is at `url`, which must be a context."""
    response = requests.Response()
    response.url = url
    response.status_code = 200
    response.headers["Content-Type"] = "application/ld+json"
    response._content = json.dumps({"@context": CONTEXTS[url]}).encode()
    return response


HttpRequester.get = get

crate = sys.argv[1]
settings = services.ValidationSettings(
    rocrate_uri=crate,
    profile_identifier="workflow-run-crate-0.5",
    requirement_severity=models.Severity.REQUIRED,
)
result = services.validate(settings)
for issue in result.get_issues():
    print(f"{issue.severity.name}: {issue.check.identifier}: {issue.message}")
dump_crate_actions(crate)
sys.exit(not result.passed())
