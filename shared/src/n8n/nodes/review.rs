//! Records that a person decides on: create it, wait, go on with the decision.

use serde_json::{Value, json};

use super::{
    ALLOW_REGENERATE, Kind, Values,
    canvas::{Canvas, STOP_AND_ERROR, SWITCH, WAIT, condition},
    object,
    records::{LEAD_FIELDS, MEDIA_FIELDS, MEDIA_NOTE, PAYLOAD_FIELDS, PAYLOAD_NOTE},
};

const WAIT_NAME: &str = "Wait for decision";
const DECISION: &str = "Decision";
const UNKNOWN: &str = "Unknown decision";

/// Only what woke a Wait has a `body`; past its time limit it passes on what it got, which is Baton's reply.
const NO_DECISION: &str = "={{ $json.body === undefined ? 'Nobody decided in time.' \
     : 'The workflow went on without a decision that it knows: ' + ($json.body?.decision || 'none') }}";

const BEHIND: &str = "Connect the outputs approved and denied of the node Decision. Behind it, $json.body has decision, notes, entity_id \
     and entity_type; what was sent is still to be had from the nodes before.";
const ONE_BY_ONE: &str = "A Wait holds the whole execution. For several items put these nodes into a Loop Over Items with batch size 1.";
const AGAIN: &str = "With allow_regenerate, connect the output regenerate to the node that makes the content: what the same execution \
     sends again keeps its id and waits for a decision once more.";

/// Lead with review.
pub const LEAD: Kind = Kind {
    key: "lead-review",
    title: "Lead with review",
    description: "Creates a lead, waits until a person has decided, and goes on with the decision. A lead with the same \
                  e-mail address in the same group is updated and asked about.",
    path: Some("/api/leads"),
    must_arrive: true,
    parameters: &[ALLOW_REGENERATE],
    notes: &[BEHIND, ONE_BY_ONE, AGAIN],
    build: |kind, values| {
        let asked = [("human_interaction", "true"), ("on_duplicate", "'update'")];
        review(kind, values, "Send lead for review", &[LEAD_FIELDS, &asked].concat())
    },
};

/// Media item with review.
pub const MEDIA: Kind = Kind {
    key: "media-review",
    title: "Media item with review",
    description: "Creates a media item, waits until a person has decided, and goes on with the decision.",
    path: Some("/automation/media/create"),
    must_arrive: true,
    parameters: &[ALLOW_REGENERATE],
    notes: &[MEDIA_NOTE, BEHIND, ONE_BY_ONE, AGAIN],
    build: |kind, values| review(kind, values, "Send media item for review", MEDIA_FIELDS),
};

/// Payload with review.
pub const PAYLOAD: Kind = Kind {
    key: "payload-review",
    title: "Payload with review",
    description: "Stores the whole item, waits until a person has decided, and goes on with the decision.",
    path: Some("/automation/payload/create"),
    must_arrive: true,
    parameters: &[ALLOW_REGENERATE],
    notes: &[PAYLOAD_NOTE, BEHIND, ONE_BY_ONE, AGAIN],
    build: |kind, values| review(kind, values, "Send payload for review", PAYLOAD_FIELDS),
};

fn review(kind: &Kind, values: &Values, send: &'static str, fields: &[(&str, &str)]) -> Canvas {
    let mut fields = fields.to_vec();
    // Newer versions of n8n sign this address, so that it cannot be guessed from the execution's id.
    fields.push(("resume_url", "$execution.resumeUrl"));
    // What the same node sends after a regenerate renews what it sent before, whatever its title is by then.
    fields.push(("node", "$nodeId"));
    let mut decisions = vec!["approved", "denied"];
    if values.allow_regenerate {
        fields.push(("allow_regenerate", "true"));
        decisions.push("regenerate");
    }
    let mut canvas = kind.posting(values, send, &object(values, &fields));
    // Baton answers with POST, and n8n's default is GET.
    canvas.add(WAIT_NAME, WAIT, json!({ "resume": "webhook", "httpMethod": "POST", "options": {} }));
    canvas.add(DECISION, SWITCH, decide(&decisions));
    // A Wait with a time limit goes on without a decision. That must not pass for one.
    canvas.add(UNKNOWN, STOP_AND_ERROR, json!({ "errorMessage": NO_DECISION })).below(1);
    canvas.link(send, 0, WAIT_NAME);
    canvas.link(WAIT_NAME, 0, DECISION);
    canvas.link(DECISION, decisions.len(), UNKNOWN);
    canvas
}

/// One output for each decision, and one for all else.
fn decide(decisions: &[&str]) -> Value {
    let rules: Vec<Value> = decisions
        .iter()
        .map(|decision| {
            let equals = condition(decision, "={{ $json.body?.decision }}", "equals", decision);
            json!({ "conditions": equals, "renameOutput": true, "outputKey": decision })
        })
        .collect();
    json!({
        "rules": { "values": rules },
        "options": { "fallbackOutput": "extra", "renameFallbackOutput": "anything else" },
    })
}
