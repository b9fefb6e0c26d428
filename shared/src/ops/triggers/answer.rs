//! What an answer of n8n to a trigger says.

use url::Url;

use super::errors::leads_to_itself;
use crate::{
    egress::OutReply,
    json::{Json, Kind, Part},
};

/// The status of n8n's own *Redirect* response, unless its options name another.
pub(super) const OWN_REDIRECT: u16 = 307;

/// Whether an answer is that of a workflow which was started. A redirect that only leads to the same webhook elsewhere (by
/// https, with a slash) is a proxy's, whatever its status.
pub(super) fn is_taken(reply: &OutReply, endpoint: &Url) -> bool {
    match reply.status {
        200..=299 => true,
        OWN_REDIRECT => !leads_to_itself(reply, endpoint),
        _ => false,
    }
}

/// An answer as JSON: what is JSON as it is, and other text as text. None of what is neither.
pub(super) fn response_of(body: &[u8]) -> Option<Json> {
    Json::read(body).ok().or_else(|| str::from_utf8(body).ok().map(Json::of_text))
}

/// The execution that an answer tells.
pub(super) fn told_execution(body: &[u8]) -> Option<String> {
    execution_id(response_of(body)?.part())
}

/// What a workflow calls its execution when it answers with `{{ $execution.id }}`.
fn execution_id(response: Part<'_>) -> Option<String> {
    let object = match response.kind() {
        Kind::List(mut items) => items.next()?,
        _ => response,
    };
    let id = object.get("execution_id").or_else(|| object.get("executionId"))?.text_or_digits()?;
    (1..=200).contains(&id.len()).then(|| id.into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_workflows_answer_may_tell_its_execution() {
        for (response, expected) in [
            (json!({ "execution_id": "3" }), Some("3")),
            (json!({ "executionId": 3 }), Some("3")),
            (json!([{ "execution_id": "3" }]), Some("3")),
            (json!({ "message": "Workflow was started" }), None),
            (json!("text"), None),
            (json!([]), None),
        ] {
            let told = told_execution(response.to_string().as_bytes());
            assert_eq!(told.as_deref(), expected, "{response}");
        }
    }
}
