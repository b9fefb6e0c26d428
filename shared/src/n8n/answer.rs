//! What n8n says, in our words: the answer to a resume call, and the status of an execution.
//!
//! n8n tells its cases apart by message texts only, so they are matched loosely, and every case that is not plain ends in
//! "read the execution before sending again": a decision that is sent twice can approve the next step unread.

use crate::json::{self, Part};

/// What an answer to a resume call means for the decision that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResumeAnswer {
    /// n8n took the decision, in its own words. Never send it again.
    Resumed,
    /// Something answered well: the workflow in its own words, or what is no n8n at all. Read the execution, which tells.
    Answered,
    /// The execution runs at this moment: it has not reached its wait yet, or somebody was quicker. Look again shortly.
    Running,
    /// The execution has ended, well or not. Final.
    Finished,
    /// n8n has no such execution. Final.
    Gone,
    /// The URL does not fit the wait (token, method, suffix), or the answer is not from a wait at all: nothing was taken.
    /// Read the execution, then rebuild the URL if it still waits for us.
    Refresh,
    /// The wait asks for credentials that we don't have. Final until somebody changes the workflow.
    Forbidden,
    /// n8n could not do it now. Back off; read the execution before sending again, for it may have been resumed.
    TryLater,
}

/// Reads answers to resume calls.
#[derive(Debug)]
pub struct Answer;

impl Answer {
    /// Sorts an answer by its status and, where n8n uses one status for two cases, by its text.
    ///
    /// A 2xx that does not say what n8n says at the start of a workflow is [`ResumeAnswer::Answered`]: it may be what the
    /// workflow answers itself, a login page or n8n's editor behind a wrong host, or n8n's "no action required" page of a
    /// wait that is over. A redirect (which is not followed) is n8n sending form waits to their form, or a host that moved:
    /// [`ResumeAnswer::Refresh`].
    #[must_use]
    pub fn classify(status: u16, body: &[u8]) -> ResumeAnswer {
        match status {
            200..=299 if is_started(body) => ResumeAnswer::Resumed,
            200..=299 => ResumeAnswer::Answered,
            401 | 403 if is_refusal(body) => ResumeAnswer::Forbidden,
            404 if says(body, "does not exist") => ResumeAnswer::Gone,
            409 if says(body, "finished") => ResumeAnswer::Finished,
            409 if says(body, "running") => ResumeAnswer::Running,
            408 | 425 | 429 | 500..=599 => ResumeAnswer::TryLater,
            _ => ResumeAnswer::Refresh,
        }
    }
}

/// Only the beginning matters: n8n's own messages are short, and a workflow's answer can be of any size.
const LOOKED_AT: usize = 4096;

fn head(body: &[u8]) -> &[u8] {
    body.get(..LOOKED_AT).unwrap_or(body)
}

/// What n8n answers for a node that responds at once: this sentence and nothing else, however a proxy has laid it out.
fn is_started(body: &[u8]) -> bool {
    const STARTED: &str = "Workflow was started";
    if body.len() > LOOKED_AT {
        return false;
    }
    let Ok(answer) = json::text(body) else { return false };
    let root = answer.root();
    root.is_object()
        && root.members().count() == 1
        && root.get("message").and_then(Part::text).is_some_and(|message| message == STARTED)
}

/// Any text that happens to hold the words is no message of n8n's.
fn says(body: &[u8], words: &str) -> bool {
    is_n8ns(body) && String::from_utf8_lossy(head(body)).to_ascii_lowercase().contains(words)
}

/// Whether an answer is one of n8n's own refusals: an object with its message. Whatever else answers badly stands in front
/// of n8n, or in its place while it starts.
#[must_use]
pub fn is_n8ns(body: &[u8]) -> bool {
    let Ok(text) = json::text(body) else { return false };
    let says = |name: &str| text.root().get(name).and_then(Part::text);
    says("message").or_else(|| says("error")).is_some_and(|words| !words.is_empty())
}

/// What a node says that asks its callers for credentials: a sentence and no more, in plain text.
fn is_refusal(body: &[u8]) -> bool {
    const LONGEST: usize = 200;
    const MARKUP: &[u8] = b"<{";
    let text = body.trim_ascii();
    (1..=LONGEST).contains(&text.len()) && !text.iter().any(|byte| MARKUP.contains(byte))
}

/// Where an execution stands, as far as somebody who polls it needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poll {
    /// Not over: new, running, at a wait, or in a state that we don't know.
    Waiting,
    /// Ended well.
    Success,
    /// Ended otherwise: by an error, a crash, or somebody's hand.
    Error,
}

/// Reads n8n's status word. An unknown word is not an end: n8n has added words before.
#[must_use]
pub fn map_status(n8n_status: &str) -> Poll {
    match n8n_status.trim() {
        "success" => Poll::Success,
        "error" | "crashed" | "canceled" => Poll::Error,
        _ => Poll::Waiting,
    }
}

/// What a row of n8n's says of an execution.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row<'a> {
    /// n8n's word, which early versions do not say.
    pub status: Option<&'a str>,
    /// False after an error, too.
    pub finished: Option<bool>,
    /// Whether it has a time at which it stopped. One that waits has one as well.
    pub stopped: bool,
    /// Whether it has a time until which it waits.
    pub waits: bool,
}

/// n8n's word for how an execution stands, or the word that a row without one amounts to.
#[must_use]
pub fn judge(row: Row<'_>) -> &str {
    match (row.status.map(str::trim).filter(|word| !word.is_empty()), row.finished) {
        (Some(word), _) => word,
        (None, _) if row.waits => "waiting",
        (None, Some(true)) => "success",
        (None, Some(false)) if row.stopped => "error",
        (None, Some(false)) => "running",
        (None, None) => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_without_a_word_is_judged_by_the_rest() {
        let row = |finished, stopped, waits| Row { status: None, finished, stopped, waits };
        for (row, word) in [
            (row(Some(true), true, false), "success"),
            (row(Some(false), true, false), "error"),
            (row(Some(false), true, true), "waiting"),
            (row(Some(false), false, false), "running"),
            (row(None, true, false), "unknown"),
            (Row { status: Some(""), ..row(Some(true), true, false) }, "success"),
            (Row { status: Some("canceled"), ..row(Some(false), true, false) }, "canceled"),
        ] {
            assert_eq!(judge(row), word, "{row:?}");
        }
    }

    #[test]
    fn each_answer_of_n8n_has_one_meaning() {
        use ResumeAnswer::*;
        let rows: [(u16, &str, ResumeAnswer); 32] = [
            (200, r#"{"message":"Workflow was started"}"#, Resumed),
            (200, "{ \"message\": \"Workflow was started\" }\n", Resumed),
            (200, r#"{"message":"Workflow was started","by":"the workflow itself"}"#, Answered),
            (200, r#""Workflow was started""#, Answered),
            (200, "", Answered),
            (202, "accepted", Answered),
            (401, r#"{"error":"Invalid token"}"#, Refresh),
            (
                404,
                r#"{"code":404,"message":"The workflow for execution \"25\" does not contain a waiting webhook with a matching path/method."}"#,
                Refresh,
            ),
            (404, r#"{"code":404,"message":"Could not find node to process webhook."}"#, Refresh),
            (404, "<!DOCTYPE html>\n<html><pre>Cannot POST /rest/executions/25/resume</pre></html>", Refresh),
            (404, "<html>The page does not exist</html>", Refresh),
            (404, r#"{"code":404,"message":"The execution \"999999\" does not exist."}"#, Gone),
            (409, r#"{"code":409,"message":"The execution \"33\" is running already."}"#, Running),
            (409, r#"{"code":409,"message":"The execution \"26 has finished already."}"#, Finished),
            (409, r#"{"code":409,"message":"The execution \"29\" has finished with error."}"#, Finished),
            (409, r#"{"code":409,"message":"taken"}"#, Refresh),
            (403, "Authorization data is wrong!", Forbidden),
            (401, "Authorization is required!", Forbidden),
            (403, "<html><title>403 Forbidden</title></html>", Refresh),
            (401, "", Refresh),
            (404, "The execution does not exist, says the proxy", Refresh),
            (409, "finished", Refresh),
            (500, r#"{"code":0,"message":"There was a problem executing the workflow"}"#, TryLater),
            (500, r#"{"code":0,"message":"SQLITE_ERROR"}"#, TryLater),
            (502, "<html>Bad gateway</html>", TryLater),
            (503, "", TryLater),
            (504, "", TryLater),
            (429, "", TryLater),
            (200, "  <!doctype HTML><title>n8n.io</title>", Answered),
            (200, "\u{feff}<html>Sign in</html>", Answered),
            (307, "", Refresh),
            (422, r#"{"code":422,"message":"Failed to parse request body"}"#, Refresh),
        ];
        for (status, body, meaning) in rows {
            assert_eq!(Answer::classify(status, body.as_bytes()), meaning, "{status} {body}");
        }
    }

    #[test]
    fn only_known_ends_are_ends() {
        for word in ["new", "running", "waiting", "unknown", "", "paused"] {
            assert_eq!(map_status(word), Poll::Waiting, "{word}");
        }
        for word in ["error", "crashed", "canceled"] {
            assert_eq!(map_status(word), Poll::Error, "{word}");
        }
        assert_eq!(map_status("success"), Poll::Success);
    }
}
