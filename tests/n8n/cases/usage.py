"""Token usage arrives exactly once: from retried items, from typed-in values, and out of pushed executions."""

from cases import case
from model import INPUT_TOKENS, OUTPUT_TOKENS
from n8n import output
from stage import Stage
from wire import eventually

ITEMS = 30


def gained(stage: Stage, workflow_id: str, before: dict) -> dict:
    after = stage.baton.stats(workflow_id)
    return {"records": after["total_records"] - before["total_records"], "tokens": after["total_tokens"] - before["total_tokens"],
            "cost": round(after["total_cost"] - before["total_cost"], 9)}


@case
def retried_items_recorded_once(stage: Stage) -> None:
    """n8n's retry sends all 30 items again: one record each, by Idempotency-Key"""
    workflow_id = stage.workflows["03-many-items"]
    before, mark = stage.baton.stats(workflow_id), stage.baton.relay.mark()
    broken: list[str] = []

    def first_time(request) -> str | None:
        # The first item is stored but its answer is lost; another never arrives. Both fail in n8n, once. Where a node goes on
        # after an error, n8n tries again when the first item failed, and then sends all of them.
        for tokens, what in ((b'"input_tokens":100,', "drop"), (b'"input_tokens":113,', "refuse")):
            if tokens in request.body and what not in broken:
                broken.append(what)
                return what
        return None

    stage.baton.relay.fault = first_time
    calls = [{"model": "gpt-4", "usage": {"input_tokens": 100 + index, "output_tokens": 1}} for index in range(ITEMS)]
    execution_id = stage.run("03-many-items", {"calls": calls})
    execution = stage.n8n.until(execution_id, "success", 60)

    sent = [one for one in stage.baton.relay.since(mark) if one.path == "/api/token-usage"]
    assert sorted(broken) == ["drop", "refuse"] and len(sent) > ITEMS, f"n8n sent {len(sent)} requests; broken: {broken}"
    assert len({one.headers["idempotency-key"] for one in sent}) == ITEMS
    tokens = sum(one["usage"]["input_tokens"] + 1 for one in calls)
    got = gained(stage, workflow_id, before)
    assert (got["records"], got["tokens"]) == (ITEMS, tokens), f"{got} after {len(sent)} requests"
    assert len({item["id"] for item in output(execution, "Record token usage")}) == ITEMS


@case
def typed_values_accepted(stage: Stage) -> None:
    """values typed into key/value fields arrive as strings: "399", "true" """
    workflow_id = stage.workflows["04-typed-values"]
    before, mark = stage.baton.stats(workflow_id), stage.baton.relay.mark()
    execution = stage.n8n.until(stage.run("04-typed-values", {}), "success")
    assert any(b'"input_tokens":"399"' in one.body for one in stage.baton.relay.since(mark)), "n8n did not send strings"

    [usage] = output(execution, "Record token usage")
    assert (usage["data"]["input_tokens"], usage["data"]["total_cost"]) == (399, 0.02925), usage
    assert gained(stage, workflow_id, before) == {"records": 1, "tokens": 687, "cost": 0.02925}
    entity = stage.baton.payload(output(execution, "Create payload")[0]["id"])
    got = {name: entity[name] for name in ("human_interaction", "allow_regenerate", "installation_id", "payload")}
    expected = {"human_interaction": True, "allow_regenerate": False, "installation_id": stage.installation_id, "payload": {"backlinks": 342}}
    assert got == expected, got


@case
def ai_usage_found_in_pushed_executions(stage: Stage) -> None:
    """n8n's own AI node runs, its execution is pushed twice by the push workflow: metered once"""
    workflow_id = stage.workflows["08-ai-usage"]
    before = stage.baton.stats(workflow_id)
    execution_id = stage.run("08-ai-usage", {"topic": "rivers"})
    stage.n8n.until(execution_id, "success", 60)
    for _ in range(2):
        mark = stage.baton.relay.mark()
        push_id = stage.run("06-push-executions", {})
        pushed_all(stage, push_id, mark, execution_id)
    assert gained(stage, workflow_id, before) == {"records": 1, "tokens": INPUT_TOKENS + OUTPUT_TOKENS, "cost": 0.02925}


def pushed_all(stage: Stage, push_id: str, mark: int, execution_id: str) -> None:
    """Waits until one run of the push workflow is over. It is not saved when it succeeds, so it vanishes."""
    def over() -> bool:
        found = stage.n8n.api("GET", f"/executions/{push_id}")
        assert found.status == 404 or found.body["status"] != "error", f"the push workflow failed: {stage.n8n.error(push_id)}"
        return found.status == 404 or found.body["status"] == "success"

    eventually(over, 30, "the push workflow ends")
    pushes = [one for one in stage.baton.relay.since(mark) if one.path == "/api/push/executions"]
    assert any(b'"id":"%s"' % execution_id.encode() in one.body and one.status in (200, 201) for one in pushes), \
        f"execution {execution_id} was not pushed: {[one.status for one in pushes]}"


@case
def pushed_twice_metered_once(stage: Stage) -> None:
    """the same execution with AI usage, pushed by hand twice and once more as it was before: metered once"""
    workflow_id = "handmadeAgentFlow"
    before = stage.baton.stats(workflow_id)
    for push in (agent_execution(workflow_id), agent_execution(workflow_id), agent_execution(workflow_id, status="running")):
        answer = stage.baton.call("POST", "/api/push/executions",
                                  {"installation_id": stage.installation_id, "workflow_id": workflow_id, "execution_data": push})
        assert answer.status in (200, 201) and answer.body["success"] is True, answer
        got = gained(stage, workflow_id, before)
        # Two answers of the model; whether they make one record or two is Baton's own affair.
        assert (got["tokens"], got["cost"]) == (2 * 687, 0.0585) and got["records"] in (1, 2), got


def agent_execution(workflow_id: str, status: str = "success") -> dict:
    """What n8n's API gives for an agent that asked its model twice: each answer is one run of the model's node."""
    def model_run(index: int) -> dict:
        return {"startTime": 1767225600000 + index, "executionTime": 900, "executionIndex": index + 2, "executionStatus": "success",
                "source": [{"previousNode": "AI Agent"}],
                "inputOverride": {"ai_languageModel": [[{"json": {"messages": ["Human: hello"], "estimatedTokens": 3, "options": {"model": "gpt-4"}}}]]},
                "data": {"ai_languageModel": [[{"json": {
                    "response": {"generations": [[{"text": "hi", "generationInfo": {"model_name": "gpt-4", "finish_reason": "stop"}}]]},
                    "tokenUsage": {"completionTokens": OUTPUT_TOKENS, "promptTokens": INPUT_TOKENS, "totalTokens": INPUT_TOKENS + OUTPUT_TOKENS}}}]]}}

    ended = "2026-01-01T00:00:05.000Z" if status == "success" else None
    return {"id": "990001", "workflowId": workflow_id, "mode": "webhook", "status": status, "finished": status == "success",
            "startedAt": "2026-01-01T00:00:00.000Z", "stoppedAt": ended, "waitTill": None,
            "workflowData": {"id": workflow_id, "name": "Agent", "connections": {}, "nodes": [
                {"name": "AI Agent", "type": "@n8n/n8n-nodes-langchain.agent", "typeVersion": 2, "position": [0, 0], "parameters": {}},
                {"name": "OpenAI Chat Model", "type": "@n8n/n8n-nodes-langchain.lmChatOpenAi", "typeVersion": 1.2, "position": [0, 200],
                 "parameters": {"model": {"__rl": True, "mode": "list", "value": "gpt-4"}}}]},
            "data": {"version": 1, "resultData": {"lastNodeExecuted": "AI Agent", "runData": {"OpenAI Chat Model": [model_run(0), model_run(1)]}}}}
