"""Baton starts a workflow, follows it to its end, and says no when it is asked too often."""

import time

from cases import case
from n8n import output
from stage import Stage
from wire import Reply, call, eventually

LIMIT = 60


def trigger(stage: Stage, name: str, data: dict) -> tuple[Reply, str]:
    """Has Baton trigger an imported workflow; returns Baton's answer and the execution's id."""
    endpoint = f"{stage.n8n.relay.url}/webhook/{stage.paths[name]}"
    answer = stage.baton.patient("POST", "/api/trigger-webhook", {"endpoint": endpoint, "data": data})
    assert answer.status == 200, f"trigger: {answer.status} {answer.body}"
    execution_id = str(answer.body["execution_id"])
    stage.n8n.execution(execution_id)
    return answer, execution_id


def node_id(stage: Stage, name: str) -> int:
    """Baton's number of the workflow, as `GET /api/installed` lists it."""
    answer = stage.baton.call("GET", f"/api/installed/{stage.installation_id}")
    assert answer.status == 200, answer
    workflow_id = stage.workflows[name]
    assert workflow_id in answer.body["workflow_ids"], answer.body
    [found] = [one for one in answer.body["workflows"] if one["workflow_id"] == workflow_id]
    return found["nid"]


def poll(stage: Stage, nid: int, after: str, until: tuple[str, bool], execution_id: str) -> dict:
    """Polls as the dashboard does until status and is_complete are `until` for this execution."""
    seen: list[dict] = []

    def reached() -> dict | None:
        answer = stage.baton.patient("POST", "/api/poll-execution", {"nid": nid, "triggered_after": after})
        assert answer.status == 200, f"poll: {answer.status} {answer.body}"
        seen.append(answer.body)
        assert (answer.body["status"], answer.body["is_complete"]) in (("waiting", False), ("success", True), ("error", True)), answer.body
        same = str(answer.body.get("execution_id")) == execution_id
        return answer.body if same and (answer.body["status"], answer.body["is_complete"]) == until else None

    try:
        return eventually(reached, 45, f"poll says {until[0]} for execution {execution_id}", every=1.5)
    except AssertionError as late:
        raise AssertionError(f"{late}; last answer {seen[-1] if seen else None}") from None


@case
def triggered_to_success(stage: Stage) -> None:
    """triggered through Baton, followed to success; n8n gets the documented body"""
    answer, execution_id = trigger(stage, "02a-triggered", {"custom_key": "custom_value"})
    done = poll(stage, node_id(stage, "02a-triggered"), answer.body["triggered_at"], ("success", True), execution_id)
    assert done["stopped_at"], done
    execution = stage.n8n.until(execution_id, "success")
    got = output(execution, "Triggered by Baton")[0]["body"]
    assert set(got) == {"triggered_at", "source", "user_id", "username", "data"}, got
    assert (got["source"], got["data"]) == ("dashboard", {"custom_key": "custom_value"}) and isinstance(got["user_id"], int), got


@case
def triggered_to_error(stage: Stage) -> None:
    """a triggered workflow that fails is polled as error, complete"""
    answer, execution_id = trigger(stage, "02b-triggered-error", {})
    poll(stage, node_id(stage, "02b-triggered-error"), answer.body["triggered_at"], ("error", True), execution_id)


@case
def triggered_to_waiting(stage: Stage) -> None:
    """a triggered workflow that sleeps is polled as waiting, not complete, and as success after it woke"""
    answer, execution_id = trigger(stage, "02c-triggered-waiting", {})
    execution = stage.n8n.parked(execution_id, "Sleep")
    nid = node_id(stage, "02c-triggered-waiting")
    poll(stage, nid, answer.body["triggered_at"], ("waiting", False), execution_id)
    woken = call("POST", stage.n8n.resume_url(execution), {})
    assert woken.status == 200, woken
    poll(stage, nid, answer.body["triggered_at"], ("success", True), execution_id)


@case
def unknown_webhook_reported(stage: Stage) -> None:
    """a webhook that n8n does not know is a clear 502, not a success"""
    endpoint = f"{stage.n8n.relay.url}/webhook/no-such-workflow"
    answer = stage.baton.patient("POST", "/api/trigger-webhook", {"endpoint": endpoint})
    assert answer.status == 502 and "404" in str(answer.body), f"{answer.status} {answer.body}"


@case
def rate_limit_outlasted_by_node_retry(stage: Stage) -> None:
    """the 61st trigger of a minute gets 429 with Retry-After; n8n's node retry outlasts it"""
    endpoint = f"{stage.n8n.relay.url}/webhook/{stage.paths['02a-triggered']}"
    answer = stage.baton.patient("POST", "/api/trigger-webhook", {"endpoint": endpoint})
    reset = float(answer.headers["x-ratelimit-reset"])
    if reset - time.time() < 25:  # not enough left of this window to use it up
        time.sleep(max(0, reset - time.time()) + 0.5)
    for _ in range(LIMIT + 2):
        # Without an endpoint nothing is triggered, but it counts: the limit stands before the body is read.
        answer = stage.baton.call("POST", "/api/trigger-webhook", {})
        if answer.status == 429:
            break
    assert answer.status == 429, f"{LIMIT + 2} calls and no 429, last {answer.status} {answer.body}"
    wait = float(answer.headers["retry-after"])
    assert 0 < wait <= 60 and answer.headers["x-ratelimit-remaining"] == "0", answer.headers
    assert int(answer.headers["x-ratelimit-limit"]) == LIMIT, answer.headers

    # n8n does not read Retry-After: 5 tries, at most 5 s apart. Let the window end between the second and the fourth.
    time.sleep(max(0.0, float(answer.headers["x-ratelimit-reset"]) - time.time() - 8))
    mark = stage.baton.relay.mark()
    execution_id = stage.run("07-trigger-through-baton", {"endpoint": endpoint, "data": {"patience": True}})
    execution = stage.n8n.until(execution_id, "success", 60)
    tries = [one.status for one in stage.baton.relay.since(mark) if one.path == "/api/trigger-webhook"]
    assert tries[0] == 429 and tries[-1] == 200 and set(tries[:-1]) == {429}, f"n8n's tries got {tries}"
    started = str(output(execution, "Trigger")[0]["execution_id"])
    assert stage.n8n.until(started, "success")["data"], started
