"""What a linter cannot see of the pipelines in examples/ci: their filters of JSON, run by jq itself on answers shaped as
the APIs give them; and GitLab's scripts, written to a folder for shellcheck.

usage: check.py FOLDER
"""

import os
import pathlib
import re
import sys

import jq
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2] / "examples/ci"
GITHUB = ROOT / "github"
GITLAB = ROOT / "gitlab/.gitlab-ci.yml"

os.environ.update(HEAD_SHA="new", MARK="<!-- mark -->", TITLE="Portal drift: p")


def run(number, event):
    return {"id": number, "event": event}


def comment(number, login, body):
    return {"id": number, "user": {"login": login}, "body": body}


# Of each file: what its filters read, in their order, with their arguments, and what they have to leave.
EXPECTED = {
    GITHUB / "portal-plan.yaml": [
        ({"workflow_runs": [run(1, "pull_request"), run(2, "workflow_run"), run(3, "schedule")]}, {}, [2]),
    ],
    GITHUB / "portal-comment.yaml": [
        ([{"number": 1, "head": {"sha": "old"}}, {"number": 2, "head": {"sha": "new"}}], {}, [2]),
        (
            [
                comment(1, "somebody", "<!-- mark -->\nmine"),
                comment(2, "github-actions[bot]", "another"),
                comment(3, "github-actions[bot]", "<!-- mark -->\nours"),
            ],
            {},
            [3],
        ),
    ],
    GITHUB / "portal-drift.yaml": [
        ([{"number": 1, "title": "another"}, {"number": 2, "title": "Portal drift: p"}], {}, [2]),
    ],
    GITLAB: [
        ({"id": 7}, {}, [7]),
        ({"iid": 5}, {}, [5]),
        (
            [
                {"source": "push", "project_id": 1, "id": 1, "sha": "a"},
                {"source": "merge_request_event", "project_id": 2, "id": 33, "sha": "b"},
                {"source": "merge_request_event", "project_id": 2, "id": 32, "sha": "c"},
            ],
            {},
            ["2 33 b"],
        ),
        (
            [{"name": "lint", "id": 1, "artifacts_file": {}}, {"name": "plan", "id": 2, "artifacts_file": {}}],
            {},
            [2],
        ),
        ({"id": 3, "author": {"id": 7}, "body": "<!-- mark -->\nours"}, {"me": 7, "mark": "<!-- mark -->"}, [3]),
        ({"id": 7}, {}, [7]),
        ({"iid": 2, "title": "Portal drift: p"}, {"title": "Portal drift: p"}, [2]),
    ],
}

# An empty answer leaves nothing, and is no error.
EMPTY = {"workflow_runs": []}

FILTER = re.compile(r"""(?:--jq|\bjq -r(?: --arg(?:json)? \w+ "\$\w+")*)\s+(?:'([^']+)'|(\.\w+))""")


def filters(file):
    return [quoted or bare for quoted, bare in FILTER.findall(file.read_text())]


def check_filters():
    files = [*sorted(GITHUB.glob("*.yaml")), GITLAB]
    count = 0
    for file in files:
        found, expected = filters(file), EXPECTED.get(file, [])
        assert len(found) == len(expected), f"{file}: {found}"
        for program, (document, arguments, answer) in zip(found, expected):
            compiled = jq.compile(program, args=arguments)
            left = compiled.input(document).all()
            assert left == answer, f"{file}: {program} leaves {left}, not {answer}"
            if isinstance(document, list) or "workflow_runs" in document:
                left = compiled.input(EMPTY if isinstance(document, dict) else []).all()
                assert left == [], f"{file}: {program} makes {left} of nothing"
            count += 1
    print(f"{count} filters leave what they should")


def write_scripts(folder):
    pipeline = yaml.safe_load(GITLAB.read_text())
    before = pipeline["default"]["before_script"]
    for name, job in pipeline.items():
        if isinstance(job, dict) and "script" in job:
            # What an image's shell is given: lines of both, one after the other. Not each job needs all of the first.
            text = "\n".join(["#!/usr/bin/env bash", "# shellcheck disable=SC2034", *before, *job["script"]])
            (folder / f"gitlab-{name}").write_text(text)


check_filters()
write_scripts(pathlib.Path(sys.argv[1]))
