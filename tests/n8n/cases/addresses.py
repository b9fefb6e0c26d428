"""Webhooks whose addresses or answers are not the usual ones, and workflows that Baton has not seen yet."""

import json
import secrets
from typing import Any

from cases import case
from n8n import must, output
from stage import Stage
from wire import Reply, call, eventually

HOOK = "n8n-nodes-base.webhook"


def webhook(path: str, **parameters: Any) -> dict[str, Any]:
    return {"id": secrets.token_hex(4), "name": "Webhook", "type": HOOK, "typeVersion": 2, "position": [0, 0],
            "webhookId": f"{secrets.token_hex(4)}-0000-4000-8000-{secrets.token_hex(6)}",
            "parameters": {"httpMethod": "POST", "path": path, **parameters}}


def node(name: str, kind: str, version: float, parameters: dict[str, Any]) -> dict[str, Any]:
    return {"id": secrets.token_hex(4), "name": name, "type": kind, "typeVersion": version, "position": [200, 0], "parameters": parameters}


def definition(name: str, nodes: list[dict[str, Any]]) -> dict[str, Any]:
    pairs = zip(nodes, nodes[1:])
    links = {one["name"]: {"main": [[{"node": other["name"], "type": "main", "index": 0}]]} for one, other in pairs}
    return {"name": name, "nodes": nodes, "connections": links, "settings": {"executionOrder": "v1"}}


def make(stage: Stage, name: str, nodes: list[dict[str, Any]], called: str | None = None) -> str:
    """Makes a workflow in n8n and activates it; `called` is what its webhook is called by, its path unless told."""
    workflow_id = stage.n8n.import_workflow(definition(name, nodes))
    stage.n8n.activate(workflow_id, called or nodes[0]["parameters"]["path"])
    return workflow_id


def trigger(stage: Stage, path: str) -> Reply:
    return stage.baton.patient("POST", "/api/trigger-webhook", {"endpoint": f"{stage.n8n.relay.url}/webhook/{path}", "data": {"a": 1}})


def found(stage: Stage, path: str, workflow_id: str) -> dict[str, Any]:
    """Triggers until Baton knows whose webhook it is: n8n's list is read at most once a minute because one was missed."""
    def known() -> dict[str, Any] | None:
        answer = trigger(stage, path)
        assert answer.status == 200, f"trigger: {answer.status} {answer.body}"
        return answer.body if answer.body["nid"] else None
    body = eventually(known, 75, f"the workflow of webhook {path}", every=3)
    assert (body["workflow_id"], body["following"]) == (workflow_id, True), body
    return body


def ends(stage: Stage, body: dict[str, Any], status: str) -> dict[str, Any]:
    """Polls a triggered run to its end, whichever execution it is."""
    def ended() -> dict[str, Any] | None:
        answer = stage.baton.patient("POST", "/api/poll-execution", {"nid": body["nid"], "triggered_after": body["triggered_at"]})
        assert answer.status == 200, f"poll: {answer.status} {answer.body}"
        return answer.body if answer.body["is_complete"] else None
    done = eventually(ended, 45, f"the run of {body['workflow_id']} ends", every=1.5)
    assert done["status"] == status and done["execution_id"], done
    return done


@case
def workflow_made_after_registering_is_found(stage: Stage) -> None:
    """a workflow that was made after n8n was registered is found when it is triggered, and followed"""
    path = f"later-{secrets.token_hex(4)}"
    workflow_id = make(stage, "Made later", [webhook(path), node("Set", "n8n-nodes-base.noOp", 1, {})])
    ends(stage, found(stage, path, workflow_id), "success")


@case
def webhook_with_parameter_is_found(stage: Stage) -> None:
    """a webhook with :id in its path is triggered at /webhook/<webhookId>/user/5, and followed"""
    hook = webhook("user/:id", responseMode="lastNode")
    called = f"{hook['webhookId']}/user/5"
    workflow_id = make(stage, "With a parameter", [hook, node("Set", "n8n-nodes-base.noOp", 1, {})], called)
    body = found(stage, called, workflow_id)
    assert body["response"]["params"] == {"id": "5"}, body["response"]
    ends(stage, body, "success")


@case
def own_redirect_is_a_start(stage: Stage) -> None:
    """n8n's own Redirect response (307) is a start; a redirect by another status is an error that says where it leads"""
    for code, options in ((307, {}), (302, {"responseCode": 302})):
        path = f"redirect-{code}-{secrets.token_hex(4)}"
        respond = node("Respond", "n8n-nodes-base.respondToWebhook", 1.1, {
            "respondWith": "redirect", "redirectURL": "https://shop.example.com/thanks?order=7", "options": options})
        make(stage, f"Redirects {code}", [webhook(path, responseMode="responseNode"), respond])
        answer = trigger(stage, path)
        if code == 307:
            assert (answer.status, answer.body["n8n_status"], answer.body["message"]) == (200, 307, "Workflow triggered."), answer.body
        else:
            assert (answer.status, answer.body["code"], answer.body["n8n_status"]) == (502, "n8n_error", 302), answer.body
            assert "https://shop.example.com/thanks" in answer.body["message"] and "order" not in answer.body["message"], answer.body
            assert "has run" in answer.body["message"] and answer.body["triggered_at"], answer.body


@case
def failing_workflow_that_answers_last_runs_once_and_is_followed(stage: Stage) -> None:
    """"Error in workflow" is a 502 that names the run; a repeat under its key starts nothing, and the poll says error"""
    path = f"fails-{secrets.token_hex(4)}"
    code = node("Code", "n8n-nodes-base.code", 2, {"jsCode": "throw new Error('broken on purpose');"})
    workflow_id = make(stage, "Fails at the end", [webhook(path, responseMode="lastNode"), code])
    body, keys = {"endpoint": f"{stage.n8n.relay.url}/webhook/{path}"}, []

    def once(key: str) -> Reply:
        return call("POST", f"{stage.baton.url}/api/trigger-webhook", body, {"X-API-Key": stage.baton.api_key, "Idempotency-Key": key})

    def known() -> Reply | None:
        keys.append(f"{path}-{len(keys)}")
        answer = once(keys[-1])
        assert (answer.status, answer.body["code"], answer.body["n8n_status"]) == (502, "n8n_error", 500), answer.body
        return answer if answer.body["following"] else None
    first = eventually(known, 75, f"the workflow of webhook {path}", every=3)
    assert "The workflow ran and failed." in first.body["message"], first.body
    assert once(keys[-1]).body == first.body
    ends(stage, first.body, "error")
    ran = must(stage.n8n.api("GET", f"/executions?workflowId={workflow_id}"), "executions")["data"]
    assert len(ran) == len(keys), json.dumps(ran)


@case
def big_answer_is_a_start(stage: Stage) -> None:
    """a workflow that answers with three megabytes was started: 200, a warning in place of the answer, and it ran once"""
    path = f"big-{secrets.token_hex(4)}"
    code = node("Code", "n8n-nodes-base.code", 2, {"jsCode": "return [{ json: { text: 'x'.repeat(3 * 1024 * 1024) } }];"})
    workflow_id = make(stage, "Answers at length", [webhook(path, responseMode="lastNode"), code])
    answer = trigger(stage, path)
    assert (answer.status, answer.body["message"], answer.body["response"]) == (200, "Workflow triggered.", None), answer.body
    assert [one["code"] for one in answer.body["warnings"]] == ["response_left_out"], answer.body
    ran = must(stage.n8n.api("GET", f"/executions?workflowId={workflow_id}"), "executions")["data"]
    assert len(ran) == 1, json.dumps(ran)


@case
def registration_says_how_n8n_takes_the_key(stage: Stage) -> None:
    """register asks n8n once for the key and tells; the address of n8n's API or of a page of it is cut to its base"""
    base = stage.n8n.relay.url
    for host, key, ok in ((base, stage.n8n.api_key, True), (base, "not-a-key", False), (base + "/api/v1", stage.n8n.api_key, True),
                          (base + "/home/workflows", stage.n8n.api_key, True)):
        mark = stage.n8n.relay.mark()
        answer = stage.baton.call("POST", "/api/installs/register", {
            "instance_id": "n8n-proof-again", "host": host, "api_key": key, "title": "The same n8n"})
        assert answer.status in (200, 201) and answer.body["n8n_api"]["ok"] is ok, f"{host}: {answer.status} {answer.body}"
        asked = [one.path for one in stage.n8n.relay.since(mark)]
        assert asked and set(asked) == {"/api/v1/workflows"}, asked
        cut = [one["code"] for one in answer.body.get("warnings", [])]
        assert cut == ([] if host == base else ["address_cut"]), answer.body


@case
def resume_url_on_localhost_keeps_the_item(stage: Stage) -> None:
    """a resume_url on an address that is not registered is taken to the registered host, and the decision arrives"""
    path = f"waits-{secrets.token_hex(4)}"
    start = webhook(path, options={"responseData": "={{ JSON.stringify({ execution_id: $execution.id }) }}"})
    wait = node("Wait", "n8n-nodes-base.wait", 1.1, {"resume": "webhook", "httpMethod": "POST", "options": {}}) | {
        "webhookId": f"{secrets.token_hex(4)}-0000-4000-8000-{secrets.token_hex(6)}"}
    workflow_id = make(stage, "Waits", [start, wait])
    execution_id = stage.n8n.run(path, {})
    execution = stage.n8n.parked(execution_id, "Wait")
    token = execution["data"].get("resumeToken")
    lost = f"http://localhost:1/webhook-waiting/{execution_id}" + (f"?signature={token}" if token else "")
    made = stage.baton.call("POST", "/automation/payload/create", {
        "title": "misconfigured", "installation_id": stage.installation_id, "execution_id": execution_id, "workflow_id": workflow_id,
        "resume_url": lost})
    assert made.status == 201, made
    [warning] = made.body["warnings"]
    assert warning["code"] == "resume_url_moved" and stage.n8n.relay.url in warning["message"], warning
    decided = stage.baton.decide("approve", made.body["id"], "found all the same")
    assert decided.status == 200, decided
    execution = stage.n8n.until(execution_id, "success")
    [arrived] = output(execution, "Wait")
    assert arrived["body"]["notes"] == "found all the same" and stage.n8n.resumes(execution_id) == 1, arrived
