"""Somebody is dead when the decision is made: n8n, Baton, or both. The decision arrives, once."""

import threading
import time

from cases import case
from cases.review import RESUMED, ask, decided, resumed_once
from n8n import output, runs
from stage import Stage

# Baton backs off while n8n is away; this is far above its longest pause so early in an outage.
PATIENCE = 150


@case
def n8n_stopped_at_the_decision(stage: Stage) -> None:
    """n8n is down when a person approves, and comes back: the resume arrives, once"""
    execution_id, entity_id = ask(stage, "n8n stopped")
    stage.n8n.stop()
    decided(stage.baton.decide("approve", entity_id, "while you were away"), entity_id, "approved", False)
    entity = stage.baton.payload(entity_id)
    assert entity["automation_status"] == "approved" and entity["resume"]["state"] == "pending", entity
    stage.n8n.start()
    stage.baton.until_resumed(entity_id, RESUMED, PATIENCE)
    resumed_once(stage, execution_id, "approved", "while you were away", entity_id)


@case
def baton_killed_before_the_resume(stage: Stage) -> None:
    """Baton gets SIGKILL between decision and resume: started again on the same data, it resumes once"""
    execution_id, entity_id = ask(stage, "baton killed")
    stage.n8n.stop()
    decided(stage.baton.decide("deny", entity_id, "before the crash"), entity_id, "denied", False)
    stage.baton.sigkill()
    stage.n8n.start()
    stage.n8n.survived(execution_id)
    stage.baton.start()
    stage.baton.until_resumed(entity_id, RESUMED, PATIENCE)
    resumed_once(stage, execution_id, "denied", "before the crash", entity_id)


@case
def baton_killed_while_n8n_answers(stage: Stage) -> None:
    """n8n has taken the resume, Baton dies before it hears so: the next wait of that execution is left alone"""
    execution_id = stage.run("05-two-reviews", {"topic": "killed in the middle"})
    execution = stage.n8n.parked(execution_id, "Wait for outline")
    first = output(execution, "Ask about the outline")[0]["id"]
    # The call reaches n8n, its answer never reaches Baton.
    stage.n8n.relay.fault = lambda request: "hold" if request.path == f"/webhook-waiting/{execution_id}" else None
    deciding = threading.Thread(target=stage.baton.decide, args=("approve", first), daemon=True)
    deciding.start()
    execution = stage.n8n.parked(execution_id, "Wait for text")
    stage.baton.sigkill()
    stage.n8n.relay.heal()
    deciding.join(10)

    stage.baton.start()
    assert stage.baton.payload(first)["automation_status"] == "approved", "the decision was lost"
    stage.baton.until_resumed(first, RESUMED + ("superseded", "gone"), PATIENCE)
    time.sleep(5)
    execution = stage.n8n.parked(execution_id, "Wait for text")
    assert runs(execution, "Wait for text") == 1 and stage.n8n.resumes(execution_id) == 1, "the second wait was woken by the first decision"

    second = output(execution, "Ask about the text")[0]["id"]
    decided(stage.baton.decide("approve", second), second, "approved", True)
    execution = stage.n8n.until(execution_id, "success")
    assert runs(execution, "Publish") == 1


@case
def answer_of_n8n_lost(stage: Stage) -> None:
    """n8n resumes but its answer gets lost on the way: the rest of the workflow still runs once"""
    execution_id, entity_id = ask(stage, "answer lost")
    broken: list[str] = []

    def once(request) -> str | None:
        if request.path == f"/webhook-waiting/{execution_id}" and not broken:
            broken.append(request.path)
            return "drop"
        return None

    stage.n8n.relay.fault = once
    answer = stage.baton.decide("approve", entity_id, "did you hear me?")
    assert answer.status == 200 and answer.body["automation_status"] == "approved", answer
    stage.baton.until_resumed(entity_id, RESUMED, PATIENCE)
    resumed_once(stage, execution_id, "approved", "did you hear me?", entity_id)


@case
def n8n_killed_while_it_waits(stage: Stage) -> None:
    """n8n gets SIGKILL while an execution waits: it is still approved after the restart"""
    execution_id, entity_id = ask(stage, "n8n killed")
    stage.n8n.relay.down()
    stage.n8n.server.kill()
    stage.n8n.start()
    answer = stage.baton.decide("approve", entity_id, "still there?")
    assert answer.status == 200, answer
    stage.baton.until_resumed(entity_id, RESUMED, PATIENCE)
    resumed_once(stage, execution_id, "approved", "still there?", entity_id)
