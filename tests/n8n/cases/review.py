"""A person decides and n8n goes on: approve, deny, regenerate, two at once, and a decision that comes too late."""

import threading
import time

from cases import case
from n8n import output, runs
from stage import Stage
from wire import Reply, call

ASK, WAIT = "Ask for review", "Wait for decision"
RESUMED = ("resumed", "finished")


def ask(stage: Stage, topic: str) -> tuple[str, int]:
    """Runs the review loop up to its wait; returns the execution's id and the payload's."""
    execution_id = stage.run("01-review-loop", {"topic": topic})
    execution = stage.n8n.parked(execution_id, WAIT)
    entity_id = output(execution, ASK)[0]["id"]
    entity = stage.baton.payload(entity_id)
    assert entity["automation_status"] == "pending", entity
    assert str(entity["execution_id"]) == execution_id, entity
    return execution_id, entity_id


def decided(answer: Reply, entity_id: int, status: str, resumed: bool) -> None:
    expected = {"success": True, "entity_type": "custom_payload", "action": status, "automation_status": status, "n8n_resumed": resumed}
    assert answer.status == 200, f"{status}: {answer.status} {answer.body}"
    got = {key: answer.body.get(key) for key in expected}
    assert got == expected and int(answer.body["entity_id"]) == int(entity_id), f"{status}: {answer.body}"


def resumed_once(stage: Stage, execution_id: str, decision: str, notes: str, entity_id: int) -> dict:
    """The execution ended well, its wait was passed once, and what arrived is exactly the documented body."""
    execution = stage.n8n.until(execution_id, "success")
    [arrived] = output(execution, WAIT)
    assert arrived["body"] == {"decision": decision, "notes": notes, "entity_id": int(entity_id), "entity_type": "custom_payload"}, arrived["body"]
    outcome = decision.capitalize()
    assert runs(execution, outcome) == 1, f"{outcome} ran {runs(execution, outcome)} times"
    assert stage.n8n.resumes(execution_id) == 1, f"n8n was woken {stage.n8n.resumes(execution_id)} times"
    return execution


@case
def whole_loop_approved(stage: Stage) -> None:
    """usage recorded, payload reviewed, approved, resumed, finished, execution pushed"""
    before = stage.baton.stats(stage.workflows["01-review-loop"])
    execution_id, entity_id = ask(stage, "the whole loop")
    decided(stage.baton.decide("approve", entity_id, "Looks good"), entity_id, "approved", True)
    execution = resumed_once(stage, execution_id, "approved", "Looks good", entity_id)

    [usage] = output(execution, "Record token usage")
    cost = [usage["data"][name] for name in ("input_cost", "output_cost", "total_cost", "total_tokens")]
    assert cost == [0.01197, 0.01728, 0.02925, 687], usage
    after = stage.baton.stats(stage.workflows["01-review-loop"])
    assert after["total_records"] - before["total_records"] == 1, (before, after)

    [pushed] = output(execution, "Push execution")
    assert pushed["success"] is True, pushed
    entity = stage.baton.payload(entity_id)
    assert entity["automation_status"] == "approved" and entity["resume"]["state"] in RESUMED, entity


@case
def denied(stage: Stage) -> None:
    """the workflow takes its denied branch, with the reviewer's notes"""
    execution_id, entity_id = ask(stage, "deny")
    decided(stage.baton.decide("deny", entity_id, "Not this time"), entity_id, "denied", True)
    execution = resumed_once(stage, execution_id, "denied", "Not this time", entity_id)
    assert runs(execution, "Approved") == 0


@case
def regenerated_then_approved(stage: Stage) -> None:
    """regenerate loops back, the posted draft makes the same entity pending again, approve ends it"""
    execution_id, entity_id = ask(stage, "regenerate")
    decided(stage.baton.decide("regenerate", entity_id, "Shorter"), entity_id, "regenerate", True)
    deadline = time.monotonic() + 30
    while True:
        execution = stage.n8n.parked(execution_id, WAIT)
        if runs(execution, ASK) == 2:
            break
        assert time.monotonic() < deadline, "the workflow did not ask a second time"
        time.sleep(0.1)
    second = output(execution, ASK)[0]["id"]
    assert int(second) == int(entity_id), f"the second draft became payload {second}, not {entity_id} again"
    entity = stage.baton.payload(entity_id)
    assert entity["automation_status"] == "pending" and entity["payload"]["attempt"] == 2, entity
    assert output(execution, "Draft")[0]["reviewer_notes"] == "Shorter"

    decided(stage.baton.decide("approve", entity_id), entity_id, "approved", True)
    execution = stage.n8n.until(execution_id, "success")
    assert [runs(execution, node) for node in ("Draft", WAIT, "Approved")] == [2, 2, 1]
    assert stage.n8n.resumes(execution_id) == 2


@case
def two_decisions_race(stage: Stage) -> None:
    """approve and deny at the same moment: one 200, one 409, n8n resumed once with the winner"""
    execution_id, entity_id = ask(stage, "race")
    answers: dict[str, Reply] = {}
    start = threading.Barrier(2)

    def decide(verb: str) -> None:
        start.wait()
        answers[verb] = stage.baton.decide(verb, entity_id, verb)

    threads = [threading.Thread(target=decide, args=(verb,)) for verb in ("approve", "deny")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    codes = {verb: answer.status for verb, answer in answers.items()}
    assert sorted(codes.values()) == [200, 409], {verb: (one.status, one.body) for verb, one in answers.items()}
    [winner] = [verb for verb, code in codes.items() if code == 200]
    decision = {"approve": "approved", "deny": "denied"}[winner]
    execution = resumed_once(stage, execution_id, decision, winner, entity_id)
    assert runs(execution, "Approved") + runs(execution, "Denied") == 1
    assert stage.baton.payload(entity_id)["automation_status"] == decision

    # The same decision again changes nothing and wakes nobody.
    again = stage.baton.decide(winner, entity_id, winner)
    assert again.status == 200 and again.body["automation_status"] == decision, again
    assert stage.n8n.resumes(execution_id, status=None) == 1


@case
def stale_decision_spares_the_second_wait(stage: Stage) -> None:
    """a decision about the first question, made when the second waits, wakes nobody"""
    execution_id = stage.run("05-two-reviews", {"topic": "stale"})
    execution = stage.n8n.parked(execution_id, "Wait for outline")
    first = output(execution, "Ask about the outline")[0]["id"]
    # Somebody else wakes the first wait: the address is not Baton's alone.
    woken = call("POST", stage.n8n.resume_url(execution), {"decision": "approved"})
    assert woken.status == 200, woken
    execution = stage.n8n.parked(execution_id, "Wait for text")
    second = output(execution, "Ask about the text")[0]["id"]
    assert first != second

    stale = stage.baton.decide("approve", first, "too late")
    assert stale.status in (200, 409), stale
    if stale.status == 200:
        assert stale.body["n8n_resumed"] is False, stale.body
    # Long enough for a background attempt to go wrong.
    time.sleep(5)
    execution = stage.n8n.parked(execution_id, "Wait for text")
    assert stage.n8n.resumes(execution_id) == 0 and runs(execution, "Wait for text") == 1, "the stale decision woke the second wait"
    assert stage.baton.payload(first)["resume"]["state"] in ("superseded", "gone", "finished", "none"), stage.baton.payload(first)["resume"]

    decided(stage.baton.decide("approve", second, "the right one"), second, "approved", True)
    execution = stage.n8n.until(execution_id, "success")
    [published] = output(execution, "Publish")
    assert int(published["entity_id"]) == int(second), published
    assert stage.n8n.resumes(execution_id) == 1


@case
def both_waits_in_turn(stage: Stage) -> None:
    """two questions in one execution, each answered in its turn"""
    execution_id = stage.run("05-two-reviews", {"topic": "in turn"})
    for ask_node, wait_node in (("Ask about the outline", "Wait for outline"), ("Ask about the text", "Wait for text")):
        execution = stage.n8n.parked(execution_id, wait_node)
        entity_id = output(execution, ask_node)[0]["id"]
        decided(stage.baton.decide("approve", entity_id), entity_id, "approved", True)
    execution = stage.n8n.until(execution_id, "success")
    assert runs(execution, "Publish") == 1 and stage.n8n.resumes(execution_id) == 2
