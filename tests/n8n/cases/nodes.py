"""The nodes to copy and paste: each is asked of Baton, pasted into a workflow as n8n's editor does it, and run.

One rule: a pasted node is not touched. What it needs around it (a start, an item, something behind its outputs) is put
around it."""

import json
import subprocess
import uuid
from typing import Any

from cases import case
from cases.usage import gained, pushed_all
from n8n import must, output, runs
from stage import Stage
from wire import call, eventually

START, ITEM = "Start", "Item"


def connect(stage: Stage, kind: str, **parameters: Any) -> dict[str, Any]:
    """The nodes of a kind, with the credential that they need made in n8n."""
    answer = stage.baton.call("POST", f"/api/n8n/nodes/{kind}", {"installation_id": stage.installation_id} | parameters)
    assert answer.status in (200, 201), f"{kind}: {answer.status} {answer.body}"
    assert "btn_live_" not in json.dumps(answer.body), f"{kind}: a key in the reply"
    credential = answer.body["credential"]
    assert credential is None or credential["state"] in ("created", "ready", "renewed"), credential
    return answer.body


class Workflow:
    """A workflow under construction: a webhook that starts it and the item that it starts with, unless it has its own."""

    def __init__(self, name: str, item: Any = None):
        self.name, self.path = name, f"pasted-{uuid.uuid4()}"
        self.nodes: list[dict[str, Any]] = []
        self.connections: dict[str, Any] = {}
        if item is not None:
            self.add(START, "webhook", 2, {"httpMethod": "POST", "path": self.path, "responseMode": "onReceived", "options": {
                "responseData": "={{ JSON.stringify({ execution_id: $execution.id }) }}"}}, webhookId=str(uuid.uuid4()))
            self.add(ITEM, "set", 3.4, {"mode": "raw", "jsonOutput": json.dumps(item), "options": {}})
            self.link(START, ITEM)

    def add(self, name: str, kind: str, version: float, parameters: dict[str, Any], **more: Any) -> None:
        self.nodes.append({"id": str(uuid.uuid4()), "name": name, "type": f"n8n-nodes-base.{kind}", "typeVersion": version,
                           "position": [220 * len(self.nodes), 0], "parameters": parameters} | more)

    def link(self, source: str, target: str, branch: int = 0) -> None:
        main = self.connections.setdefault(source, {"main": []})["main"]
        main.extend([] for _ in range(branch + 1 - len(main)))
        main[branch].append({"node": target, "type": "main", "index": 0})

    def paste(self, canvas: dict[str, Any]) -> str:
        """As the editor pastes: with new ids, and another name where one is taken. Returns the first node's name."""
        assert set(canvas) == {"nodes", "connections", "pinData"}, canvas.keys()
        taken = {node["name"] for node in self.nodes}
        names = {node["name"]: node["name"] + ("1" if node["name"] in taken else "") for node in canvas["nodes"]}
        for node in json.loads(json.dumps(canvas["nodes"])):
            self.nodes.append(node | {"id": str(uuid.uuid4()), "name": names[node["name"]]})
        for source, outputs in canvas["connections"].items():
            for branch, targets in enumerate(outputs["main"]):
                for target in targets:
                    self.link(names[source], names[target["node"]], branch)
        return names[canvas["nodes"][0]["name"]]

    def publish(self, stage: Stage) -> str:
        definition = {"name": f"Pasted {self.name}", "nodes": self.nodes, "connections": self.connections, "settings": {"executionOrder": "v1"}}
        workflow_id = stage.n8n.import_workflow(definition)
        if any(node["name"] == START for node in self.nodes):
            stage.n8n.activate(workflow_id, self.path)
        return workflow_id

    def run(self, stage: Stage) -> str:
        return stage.n8n.run(self.path, {})


def pasted(stage: Stage, kind: str, item: Any) -> tuple[Workflow, str, dict[str, Any]]:
    """A workflow of one item and the nodes of a kind behind it; returns it, its first pasted node and Baton's answer."""
    answer = connect(stage, kind)
    workflow = Workflow(kind, item)
    first = workflow.paste(answer["canvas"])
    workflow.link(ITEM, first)
    return workflow, first, answer


def usage(stage: Stage, provider: str, answer_of_the_model: dict[str, Any], model: str) -> None:
    workflow, node, answer = pasted(stage, f"token-usage-{provider}", answer_of_the_model)
    # Once more, beside the first: the two calls of one execution are two records.
    second = workflow.paste(answer["canvas"])
    workflow.link(ITEM, second)
    assert second != node
    workflow_id = workflow.publish(stage)
    before = stage.baton.stats(workflow_id)
    execution = stage.n8n.until(workflow.run(stage), "success")
    for one in (node, second):
        [recorded] = output(execution, one)
        got = [recorded["data"][name] for name in ("model_id", "input_tokens", "output_tokens", "model_found")]
        assert got == [model, 399, 288, True], recorded
    got = gained(stage, workflow_id, before)
    assert (got["records"], got["tokens"]) == (2, 2 * 687), got


@case
def pasted_token_usage_of_openai(stage: Stage) -> None:
    """the pasted node reads an answer of OpenAI's Chat Completions; two copies in one execution make two records"""
    usage(stage, "openai", {"object": "chat.completion", "model": "gpt-4", "choices": [],
                            "usage": {"prompt_tokens": 399, "completion_tokens": 288, "total_tokens": 687}}, "gpt-4")


@case
def pasted_token_usage_of_openai_responses(stage: Stage) -> None:
    """the same node reads an answer of OpenAI's Responses API"""
    usage(stage, "openai", {"object": "response", "model": "gpt-4o-2024-08-06", "output": [],
                            "usage": {"input_tokens": 399, "output_tokens": 288, "total_tokens": 687}}, "gpt-4o-2024-08-06")


@case
def pasted_token_usage_of_anthropic(stage: Stage) -> None:
    """the pasted node reads an answer of Anthropic's Messages API"""
    usage(stage, "anthropic", {"type": "message", "model": "claude-3-opus-20240229", "content": [],
                               "usage": {"input_tokens": 399, "output_tokens": 288}}, "claude-3-opus-20240229")


@case
def pasted_token_usage_of_google(stage: Stage) -> None:
    """the pasted node reads an answer of Google's generateContent"""
    usage(stage, "google", {"candidates": [], "modelVersion": "gemini-2.5-flash",
                            "usageMetadata": {"promptTokenCount": 399, "candidatesTokenCount": 200, "thoughtsTokenCount": 88, "totalTokenCount": 687}}, "gemini-2.5-flash")


@case
def pasted_token_usage_behind_an_agent(stage: Stage) -> None:
    """an item without counts: the workflow goes on, and n8n shows what Baton says is missing"""
    for provider in ("openai", "anthropic", "google"):
        workflow, node, _ = pasted(stage, f"token-usage-{provider}", {"output": "A text."})
        workflow.publish(stage)
        [refused] = output(stage.n8n.until(workflow.run(stage), "success", 90), node)
        assert "input_tokens: is required" in json.dumps(refused), refused


def created(stage: Stage, kind: str, item: dict[str, Any]) -> tuple[dict[str, Any], str, str]:
    """Runs a node that creates a record; returns the node's output, the execution's and the workflow's id."""
    workflow, node, _ = pasted(stage, kind, item)
    workflow_id = workflow.publish(stage)
    execution_id = workflow.run(stage)
    [made] = output(stage.n8n.until(execution_id, "success"), node)
    assert made["success"] is True, made
    return made, execution_id, workflow_id


@case
def pasted_payload(stage: Stage) -> None:
    """the pasted node stores the whole item, with where it comes from"""
    item = {"title": "Monthly report", "task_type": "seo-report", "backlinks": 342, "text": "naïve “quotes” {{ braces }}"}
    made, execution_id, workflow_id = created(stage, "payload", item)
    entity = stage.baton.payload(made["id"])
    got = [entity[name] for name in ("title", "task_type", "payload", "workflow_id", "execution_id", "installation_id", "human_interaction")]
    assert got == ["Monthly report", "seo-report", item, workflow_id, execution_id, stage.installation_id, False], entity


@case
def pasted_records_without_a_title_are_named_like_the_workflow(stage: Stage) -> None:
    """an empty title, an object and none: no refusal; a number is its digits"""
    for kind, more in (("payload", {"task_type": {"id": 1}}), ("media", {"media_type": "image", "url": "https://images.example.com/a.png"})):
        for item, title in (({"title": " "}, f"Pasted {kind}"), ({"title": {"rendered": "Hi"}}, f"Pasted {kind}"),
                            ({}, f"Pasted {kind}"), ({"title": 2024}, "2024"), ({"title": " Draft "}, "Draft")):
            made, _, _ = created(stage, kind, more | item)
            path = "/api/payloads" if kind == "payload" else "/api/media"
            entity = must(stage.baton.call("GET", f"{path}/{made['id']}"), kind)
            assert entity["title"] == title, (kind, item, entity)


@case
def pasted_lead(stage: Stage) -> None:
    """the pasted node creates a lead; once more it finds the same one"""
    item = {"first_name": "Jane", "last_name": "Doe", "email": "Jane.Doe@acme.example", "company_name": "Acme", "lead_score": 70}
    made, execution_id, workflow_id = created(stage, "lead", item)
    lead = must(stage.baton.call("GET", f"/api/leads/{made['id']}"), "the lead")
    got = {name: lead[name] for name in [*item, "workflow_id", "execution_id", "installation_id"]}
    expected = item | {"email": "jane.doe@acme.example", "workflow_id": workflow_id, "execution_id": execution_id}
    assert got == expected | {"installation_id": stage.installation_id}, lead
    again, _, _ = created(stage, "lead", item | {"email": "jane.doe@ACME.example"})
    assert (again["id"], again["duplicate"]) == (made["id"], True), again


@case
def pasted_media(stage: Stage) -> None:
    """the pasted node creates a media item in a collection that it names"""
    item = {"title": "Hero", "media_type": "video", "url": "https://youtube.com/watch?v=dQw4w9WgXcQ", "tags": "product, hero",
            "collection_name": "Launch"}
    made, execution_id, workflow_id = created(stage, "media", item)
    media = must(stage.baton.call("GET", f"/api/media/{made['id']}"), "the media item")
    got = [media[name] for name in ("title", "media_type", "url", "tags", "workflow_id", "execution_id", "installation_id")]
    assert got == ["Hero", "video", item["url"], item["tags"], workflow_id, execution_id, stage.installation_id], media
    assert made["collection_id"] is not None and media["collection_id"] == made["collection_id"], (made, media)


def reviewed(stage: Stage, kind: str, entity_type: str, item: dict[str, Any], path: str) -> None:
    """Runs a kind with review twice: approved and denied each take their own branch, with the notes."""
    workflow, send, _ = pasted(stage, kind, item)
    for branch, name in enumerate(("Approved", "Denied")):
        workflow.add(name, "set", 3.4, {"mode": "raw", "jsonOutput": f"={{{{ JSON.stringify({{ notes: $json.body.notes, sent: $('{send}').item.json.id }}) }}}}", "options": {}})
        workflow.link("Decision", name, branch)
    workflow.publish(stage)
    for verb, branch, other in (("approve", "Approved", "Denied"), ("deny", "Denied", "Approved")):
        execution_id = workflow.run(stage)
        execution = stage.n8n.parked(execution_id, "Wait for decision")
        entity_id = output(execution, send)[0]["id"]
        entity = must(stage.baton.call("GET", f"{path}/{entity_id}"), f"{kind} {entity_id}")
        assert entity["automation_status"] == "pending" and entity["human_interaction"] is True, entity
        answer = stage.baton.decide(verb, entity_id, f"notes on {verb}", entity_type)
        assert answer.status == 200 and answer.body["n8n_resumed"] is True, answer
        execution = stage.n8n.until(execution_id, "success")
        [gone_on] = output(execution, branch)
        assert gone_on == {"notes": f"notes on {verb}", "sent": entity_id}, gone_on
        assert [runs(execution, node) for node in (branch, other, "Unknown decision")] == [1, 0, 0]
        assert stage.n8n.resumes(execution_id) == 1


@case
def pasted_payload_with_review(stage: Stage) -> None:
    """the pasted nodes wait, and go on as approved or as denied"""
    reviewed(stage, "payload-review", "custom_payload", {"title": "Draft", "text": "Rivers"}, "/api/payloads")


@case
def pasted_lead_with_review(stage: Stage) -> None:
    """the same, of a lead: the second run asks about the same lead again"""
    item = {"first_name": "Joe", "last_name": "Roe", "email": "joe@acme.example"}
    reviewed(stage, "lead-review", "lead", item, "/api/leads")


@case
def pasted_media_with_review(stage: Stage) -> None:
    """the same, of a media item"""
    item = {"title": "Poster", "media_type": "image", "url": "https://images.example.com/poster.png"}
    reviewed(stage, "media-review", "media_item", item, "/api/media")


@case
def pasted_review_made_again(stage: Stage) -> None:
    """with allow_regenerate the third output leads back: the same payload is asked about again"""
    answer = connect(stage, "payload-review", allow_regenerate=True)
    workflow = Workflow("payload-review again", {"title": "Draft"})
    send = workflow.paste(answer["canvas"])
    workflow.link(ITEM, send)
    workflow.link("Decision", ITEM, 2)
    workflow.publish(stage)
    execution_id = workflow.run(stage)
    first = output(stage.n8n.parked(execution_id, "Wait for decision"), send)[0]["id"]
    assert stage.baton.decide("regenerate", first, "Shorter").status == 200
    again = eventually(lambda: (found := stage.n8n.parked(execution_id, "Wait for decision")) and runs(found, send) == 2 and found,
                       30, "the workflow asks again")
    assert output(again, send)[0]["id"] == first
    assert stage.baton.decide("approve", first).status == 200
    stage.n8n.until(execution_id, "success")


@case
def pasted_review_without_a_decision_fails_loudly(stage: Stage) -> None:
    """whoever wakes the Wait with something else does not pass for a decision"""
    workflow, _, _ = pasted(stage, "payload-review", {"title": "Draft"})
    workflow.publish(stage)
    execution_id = workflow.run(stage)
    execution = stage.n8n.parked(execution_id, "Wait for decision")
    assert call("POST", stage.n8n.resume_url(execution), {"decision": "perhaps"}).status == 200
    stage.n8n.until(execution_id, "error")
    assert "without a decision that it knows: perhaps" in stage.n8n.error(execution_id)


@case
def pasted_review_past_its_time_says_so(stage: Stage) -> None:
    """a Wait whose limit ran out fails with a sentence that names the reason"""
    workflow, _, _ = pasted(stage, "payload-review", {"title": "Draft"})
    [wait] = [node for node in workflow.nodes if node["name"] == "Wait for decision"]
    wait["parameters"] |= {"limitWaitTime": True, "limitType": "afterTimeInterval", "resumeAmount": 2, "resumeUnit": "seconds"}
    workflow.publish(stage)
    execution_id = workflow.run(stage)
    stage.n8n.until(execution_id, "error", 90)
    assert "Nobody decided in time." in stage.n8n.error(execution_id), stage.n8n.error(execution_id)


@case
def a_refusal_is_shown_as_its_sentence(stage: Stage) -> None:
    """n8n shows one text of an error's reply: it says what is wrong, and is no code"""
    workflow, _, _ = pasted(stage, "lead", {"first_name": "Joe", "last_name": "Roe", "email": "joe@@acme.example"})
    workflow.publish(stage)
    execution_id = workflow.run(stage)
    stage.n8n.until(execution_id, "error", 60)
    shown = stage.n8n.error(execution_id)
    assert "email: must be an e-mail address" in shown and "validation_failed" not in shown, shown


@case
def pasted_push_of_this_execution(stage: Stage) -> None:
    """the pasted node, behind three items, pushes once; the poll tells of it"""
    workflow, node, _ = pasted(stage, "push-execution", {"items": [1, 2, 3]})
    workflow.add("Split", "splitOut", 1, {"fieldToSplitOut": "items", "options": {}})
    workflow.connections[ITEM] = {"main": [[{"node": "Split", "type": "main", "index": 0}]]}
    workflow.link("Split", node)
    workflow.publish(stage)
    execution_id = workflow.run(stage)
    [pushed] = output(stage.n8n.until(execution_id, "success"), node)
    assert (pushed["success"], pushed["execution_id"], pushed["newest"]) == (True, execution_id, True), pushed
    polled = stage.baton.patient("POST", "/api/poll-execution", {"nid": pushed["nid"]})
    assert (polled.body["status"], str(polled.body["execution_id"])) == ("success", execution_id), polled


@case
def pasted_push_of_the_newest_executions(stage: Stage) -> None:
    """the pasted nodes send what ran lately, with the token usage in it, and leave themselves out"""
    metered = stage.workflows["08-ai-usage"]
    before = stage.baton.stats(metered)
    execution_id = stage.run("08-ai-usage", {"topic": "pasted"})
    stage.n8n.until(execution_id, "success", 60)
    workflow = Workflow("push-newest-executions", {})
    workflow.paste(connect(stage, "push-newest-executions")["canvas"])
    workflow.link(ITEM, "Newest executions")
    workflow_id = workflow.publish(stage)
    for _ in range(2):
        mark = stage.baton.relay.mark()
        pushed_all(stage, workflow.run(stage), mark, execution_id)
        own = f'"workflow_id":"{workflow_id}"'.encode()
        assert not any(own in one.body for one in stage.baton.relay.since(mark)), "it pushed itself"
    must(stage.n8n.api("POST", f"/workflows/{workflow_id}/deactivate"), "deactivation")
    assert gained(stage, metered, before)["records"] == 1


@case
def pasted_trigger(stage: Stage) -> None:
    """the pasted trigger is reached by POST /api/trigger-webhook, whether its path is an expression or written out"""
    asked = stage.baton.call("GET", f"/api/n8n/nodes/trigger?installation_id={stage.installation_id}")
    workflow = Workflow("trigger")
    node = workflow.paste(must(asked, "trigger")["canvas"])
    workflow_id = workflow.publish(stage)
    known = f"/api/n8n/nodes/trigger?installation_id={stage.installation_id}&workflow_id={workflow_id}"
    written = must(stage.baton.call("GET", known), "trigger of a workflow")
    path = f"invokati-trigger/{stage.installation_id}/{workflow_id}"
    assert written["endpoint"] == f"{stage.n8n.relay.url}/webhook/{path}", written["endpoint"]

    def reached() -> None:
        def answered() -> Any:
            answer = stage.baton.patient("POST", "/api/trigger-webhook", {"endpoint": written["endpoint"], "data": {"a": 1}})
            # n8n takes a webhook away and registers it anew when its workflow is replaced, some time after it has said so.
            return None if "is not registered" in str(answer.body) else answer

        answer = eventually(answered, 20, f"webhook {path} stays registered")
        assert answer.status == 200 and answer.body["following"] is True, f"{answer.status} {answer.body}"
        execution = stage.n8n.until(str(answer.body["execution_id"]), "success")
        got = output(execution, node)[0]["body"]
        assert (got["source"], got["data"]) == ("dashboard", {"a": 1}) and execution["workflowId"] == workflow_id, got

    stage.n8n.activate(workflow_id, path)
    reached()
    workflow.nodes.clear()
    workflow.paste(written["canvas"])
    stage.n8n.replace_workflow(workflow_id, {"name": "Pasted trigger", "nodes": workflow.nodes, "connections": {}, "settings": {"executionOrder": "v1"}})
    stage.n8n.activate(workflow_id, path)
    reached()


@case
def one_credential_that_heals(stage: Stage) -> None:
    """made once, made again when it was deleted in n8n, given a new key when its key was revoked"""
    first = connect(stage, "payload")["credential"]
    assert connect(stage, "lead")["credential"]["id"] == first["id"]
    must(stage.n8n.api("DELETE", f"/credentials/{first['id']}"), "deletion of the credential")
    made = connect(stage, "payload")
    assert (made["credential"]["state"], made["credential"]["name"]) == ("created", first["name"]), made["credential"]
    assert made["credential"]["id"] != first["id"]

    workflow = Workflow("payload that heals", {"title": "Heals"})
    workflow.link(ITEM, workflow.paste(made["canvas"]))
    workflow.publish(stage)
    stage.n8n.until(workflow.run(stage), "success")
    [key] = [key for key in keys(stage, "list") if key["name"].startswith("n8n nodes") and key["revoked_at"] is None]
    keys(stage, "revoke", str(key["id"]))
    renewed = connect(stage, "payload")["credential"]
    assert (renewed["state"], renewed["id"]) == ("renewed", made["credential"]["id"]), renewed
    # Nothing was pasted anew: the credential's id is the same, and it holds another key.
    stage.n8n.until(workflow.run(stage), "success")


def keys(stage: Stage, *command: str) -> Any:
    """`baton key` beside the running server."""
    done = subprocess.run([str(stage.baton.binary), "key", *command, "--user", "owner@example.com", "--json"], env=stage.baton.env,
                          cwd=stage.baton.server.folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"baton key {command}: {done.stderr.strip()}"
    return json.loads(done.stdout)
