"""Which decision reaches which Wait of an execution, and what becomes of one that no decision can end.

One rule: the workflows here are built as users build them; nothing in them knows how Baton tells their Waits apart."""

import threading
import time
from typing import Any

from cases import case
from cases.nodes import ITEM, START, Workflow
from n8n import output, runs
from stage import Stage
from wire import eventually

PATIENCE = 60
WAIT = {"resume": "webhook", "httpMethod": "POST", "options": {}}


def add_ask(workflow: Workflow, stage: Stage, name: str, suffix: str = "", title: str = "'{name}'", **fields: str) -> None:
    """An HTTP Request node that asks for a review of each item."""
    url = "$execution.resumeUrl" if not suffix else f"$execution.resumeUrl.replace('/webhook-waiting/' + $execution.id, '/webhook-waiting/' + $execution.id + '/{suffix}')"
    said = {"title": title.format(name=name), "installation_id": str(stage.installation_id), "workflow_id": "$workflow.id",
            "execution_id": "$execution.id", "resume_url": url} | fields
    body = ", ".join(f"{key}: {value}" for key, value in said.items())
    workflow.add(name, "httpRequest", 4.2, {
        "method": "POST", "url": stage.baton.relay.url + "/automation/payload/create", "authentication": "genericCredentialType",
        "genericAuthType": "httpHeaderAuth", "sendBody": True, "specifyBody": "json",
        "jsonBody": "={{ JSON.stringify({ " + body + " }) }}", "options": {}},
        credentials={"httpHeaderAuth": stage.header_auth})


def chained(workflow: Workflow, *names: str) -> None:
    for source, target in zip(names, names[1:]):
        workflow.link(source, target)


def two_in_a_row(stage: Stage, suffixes: bool) -> tuple[str, int, int]:
    """Ask A, Ask B, Wait A, Wait B: runs it to its first Wait; the execution's and the payloads' ids."""
    workflow = Workflow("two in a row", {"topic": "x"})
    for letter in "AB":
        add_ask(workflow, stage, f"Ask {letter}", letter.lower() if suffixes else "")
    for letter in "AB":
        options = {"webhookSuffix": letter.lower()} if suffixes else {}
        workflow.add(f"Wait {letter}", "wait", 1.1, WAIT | {"options": options})
    chained(workflow, ITEM, "Ask A", "Ask B", "Wait A", "Wait B")
    workflow.publish(stage)
    execution_id = workflow.run(stage)
    execution = stage.n8n.parked(execution_id, "Wait A")
    return execution_id, output(execution, "Ask A")[0]["id"], output(execution, "Ask B")[0]["id"]


def arrived(execution: dict[str, Any], node: str) -> list[tuple[int, str]]:
    """What each passing of a Wait brought: whose decision, and which."""
    found = [run["data"]["main"][0][0]["json"]["body"] for run in execution["data"]["resultData"]["runData"][node]]
    return [(body["entity_id"], body["decision"]) for body in found]


def later_first(stage: Stage, suffixes: bool) -> None:
    execution_id, first, second = two_in_a_row(stage, suffixes)
    denied = stage.baton.decide("deny", second, "B is bad")
    assert (denied.status, denied.body["resume_state"]) == (200, "pending"), denied
    time.sleep(3)
    assert runs(stage.n8n.parked(execution_id, "Wait A"), "Wait A") == 1
    approved = stage.baton.decide("approve", first, "A is good")
    assert approved.body["n8n_resumed"] is True, approved
    execution = stage.n8n.until(execution_id, "success", PATIENCE)
    got = arrived(execution, "Wait A") + arrived(execution, "Wait B")
    assert got == [(first, "approved"), (second, "denied")], got
    for entity in (first, second):
        stage.baton.until_resumed(entity, ("resumed",), PATIENCE)


@case
def the_second_decision_first(stage: Stage) -> None:
    """ask A, ask B, wait A, wait B: B is denied first, and each decision reaches its own Wait"""
    later_first(stage, suffixes=False)


@case
def the_second_decision_first_with_suffixes(stage: Stage) -> None:
    """the same, with a webhook suffix for each Wait"""
    later_first(stage, suffixes=True)


@case
def suffixes_without_an_api_key(stage: Stage) -> None:
    """n8n refuses Baton's API key: a suffix of its own is enough for a decision, in its turn"""
    stage.n8n.relay.fault = lambda request: "refuse" if request.path.startswith("/api/v1/executions/") else None
    execution_id, first, second = two_in_a_row(stage, suffixes=True)
    stage.n8n.relay.fault = lambda request: ("401" if request.path.startswith("/api/v1/") else None)
    early = stage.baton.decide("deny", second)
    assert early.body["n8n_resumed"] is False, early
    approved = stage.baton.decide("approve", first)
    assert approved.body["n8n_resumed"] is True, approved
    execution = stage.n8n.until(execution_id, "success", PATIENCE)
    assert arrived(execution, "Wait A") + arrived(execution, "Wait B") == [(first, "approved"), (second, "denied")]


@case
def without_an_api_key_shared_addresses_wait(stage: Stage) -> None:
    """n8n refuses Baton's API key: a decision whose address another review shares is not sent, and says why"""
    execution_id, first, second = two_in_a_row(stage, suffixes=False)
    stage.n8n.relay.fault = lambda request: ("401" if request.path.startswith("/api/v1/") else None)
    late = stage.baton.decide("approve", second)
    assert late.body["resume_state"] == "pending", late
    time.sleep(4)
    assert stage.n8n.resumes(execution_id, status=None) == 0
    why = stage.baton.payload(second)["resume"]["last_error"]
    assert "API key" in why, why
    stage.n8n.relay.heal()
    assert stage.baton.decide("approve", first).body["n8n_resumed"] is True
    stage.n8n.until(execution_id, "success", PATIENCE)


@case
def fifty_in_a_loop(stage: Stage) -> None:
    """fifty payloads asked first, then a loop with one Wait each: all decided in any order, each reaches its own"""
    workflow = Workflow("fifty in a loop", {"topic": "x"})
    workflow.add("Many", "code", 2, {"jsCode": "return Array.from({ length: 50 }, (_, n) => ({ json: { n } }));"})
    add_ask(workflow, stage, "Ask", title="'Number ' + $json.n")
    workflow.add("Loop", "splitInBatches", 3, {"options": {}})
    workflow.add("Wait", "wait", 1.1, WAIT)
    chained(workflow, ITEM, "Many", "Ask", "Loop")
    workflow.link("Loop", "Wait", 1)
    workflow.link("Wait", "Loop")
    workflow.publish(stage)
    execution_id = workflow.run(stage)
    made = [item["id"] for item in output(stage.n8n.parked(execution_id, "Wait", PATIENCE), "Ask")]
    assert len(set(made)) == 50, made
    order = [made[at * 17 % 50] for at in range(50)]
    for number, entity in enumerate(order):
        verb = "deny" if number % 3 == 0 else "approve"
        answer = stage.baton.patient("POST", f"/automation/{verb}", {"entity_id": entity, "entity_type": "custom_payload"})
        assert answer.status == 200, answer
    execution = stage.n8n.until(execution_id, "success", 3 * PATIENCE)
    got = arrived(execution, "Wait")
    expected = [(entity, "denied" if order.index(entity) % 3 == 0 else "approved") for entity in made]
    assert got == expected, got
    for entity in made:
        stage.baton.until_resumed(entity, ("resumed",), PATIENCE)


@case
def forty_megabytes(stage: Stage) -> None:
    """an execution with 40 MB of data: the reviewer waits no second, and the decision reaches its Wait"""
    workflow = Workflow("forty megabytes", {"topic": "x"})
    add_ask(workflow, stage, "Ask")
    workflow.add("Big", "code", 2, {
        "jsCode": "const [one] = $input.all(); return [{ json: { id: one.json.id, blob: 'x'.repeat(40 * 1024 * 1024) } }];"})
    workflow.add("Wait", "wait", 1.1, WAIT)
    chained(workflow, ITEM, "Ask", "Big", "Wait")
    workflow.publish(stage)
    execution_id = workflow.run(stage)
    eventually(lambda: stage.n8n.execution(execution_id)["status"] == "waiting", PATIENCE, "the large execution waits")
    listed = stage.baton.call("GET", "/api/payloads/list?limit=1")
    entity_id = listed.body["payloads"][0]["id"]
    began = time.monotonic()
    answer = stage.baton.decide("approve", entity_id, "large")
    took = time.monotonic() - began
    assert answer.status == 200 and took < 1.5, (took, answer)
    stage.baton.until_resumed(entity_id, ("resumed",), PATIENCE)
    eventually(lambda: stage.n8n.execution(execution_id)["status"] == "success", PATIENCE, "it went on")
    assert stage.n8n.resumes(execution_id) == 1


@case
def a_form_says_so(stage: Stage) -> None:
    """a Wait for a form: the decision fails at once, in words that help"""
    workflow = Workflow("form", {"topic": "x"})
    add_ask(workflow, stage, "Ask")
    workflow.add("Form", "wait", 1.1, {"resume": "form", "formTitle": "Decide", "formFields": {"values": [{"fieldLabel": "Name"}]}})
    chained(workflow, ITEM, "Ask", "Form")
    workflow.publish(stage)
    execution_id = workflow.run(stage)
    entity_id = output(stage.n8n.parked(execution_id, "Form"), "Ask")[0]["id"]
    answer = stage.baton.decide("approve", entity_id)
    assert answer.body["resume_state"] == "failed", answer
    why = stage.baton.payload(entity_id)["resume"]["last_error"]
    assert "form" in why and "cannot be resumed by a decision" in why, why


@case
def header_auth_on_the_wait(stage: Stage) -> None:
    """a Wait that asks for Header Auth: without the header it says so, with resume_headers it is resumed"""
    for headers in (False, True):
        workflow = Workflow("header auth", {"topic": "x"})
        key = f"{{ [{stage.header_auth_name!r}]: {stage.baton.api_key!r} }}"
        add_ask(workflow, stage, "Ask", **({"resume_headers": key} if headers else {}))
        workflow.add("Wait", "wait", 1.1, WAIT | {"incomingAuthentication": "headerAuth"}, credentials={"httpHeaderAuth": stage.header_auth})
        chained(workflow, ITEM, "Ask", "Wait")
        workflow.publish(stage)
        execution_id = workflow.run(stage)
        entity_id = output(stage.n8n.parked(execution_id, "Wait"), "Ask")[0]["id"]
        answer = stage.baton.decide("approve", entity_id)
        if headers:
            assert answer.body["n8n_resumed"] is True, (answer, stage.baton.payload(entity_id)["resume"])
            stage.n8n.until(execution_id, "success", PATIENCE)
        else:
            assert answer.body["resume_state"] == "failed", answer
            why = stage.baton.payload(entity_id)["resume"]["last_error"]
            assert "Header Auth" in why and "resume_headers" in why, why


@case
def a_wait_in_a_sub_workflow(stage: Stage) -> None:
    """the parent asks and a sub-workflow waits: the decision says where the Wait is, and is not in a hurry"""
    inner = Workflow("inner")
    inner.add("Called", "executeWorkflowTrigger", 1.1, {"inputSource": "passthrough"})
    inner.add("Wait", "wait", 1.1, WAIT)
    inner.link("Called", "Wait")
    inner_id = inner.publish(stage)
    if stage.n8n.version != "2.8.4":
        stage.n8n.api("POST", f"/workflows/{inner_id}/activate")
    workflow = Workflow("outer", {"topic": "x"})
    add_ask(workflow, stage, "Ask")
    workflow.add("Sub", "executeWorkflow", 1.2, {"workflowId": {"__rl": True, "mode": "id", "value": inner_id}, "options": {}})
    chained(workflow, ITEM, "Ask", "Sub")
    workflow.publish(stage)
    execution_id = workflow.run(stage)
    execution = stage.n8n.parked(execution_id, "Sub")
    entity_id = output(execution, "Ask")[0]["id"]
    began = time.monotonic()
    answer = stage.baton.decide("approve", entity_id)
    assert answer.body["resume_state"] == "pending" and time.monotonic() - began < 1.5, answer
    why = stage.baton.payload(entity_id)["resume"]["last_error"]
    assert "sub-workflow" in why, why


@case
def n8n_killed_just_after_an_approve(stage: Stage) -> None:
    """n8n gets SIGKILL 35 to 50 ms after an approve: it ends as resumed once, or stays owed"""
    for pause in (0.035, 0.05):
        execution_id = stage.run("05-two-reviews", {"topic": "killed"})
        entity_id = output(stage.n8n.parked(execution_id, "Wait for outline"), "Ask about the outline")[0]["id"]
        deciding = threading.Thread(target=stage.baton.decide, args=("approve", entity_id), daemon=True)
        deciding.start()
        time.sleep(pause)
        stage.n8n.server.kill()
        deciding.join(10)
        stage.n8n.start()
        time.sleep(10)
        state = stage.baton.until_resumed(entity_id, ("resumed", "finished", "pending"), PATIENCE)
        assert state in ("resumed", "finished", "pending"), state
        assert stage.n8n.resumes(execution_id) <= 1
