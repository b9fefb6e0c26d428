//! How a post of a workflow says where it comes from ([`crate::ops::origin`]), and the fields of its lists.

use secrecy::SecretString;

use super::fields::Fields;
use crate::domain::{
    duplicate::OnDuplicate, resume_headers, review::AutomationStatus, subject::ExecutionFilter,
};
pub use crate::ops::origin::{Origin, check_group};

impl Origin {
    pub fn read(fields: &mut Fields) -> Self {
        Self {
            installation_id: fields.id("installation_id"),
            workflow_id: fields.foreign_id("workflow_id", 200),
            execution_id: fields.foreign_id("execution_id", 200),
            resume_url: fields.url("resume_url"),
            node: fields.foreign_id("node", 200),
            resume_headers: resume_headers(fields),
            group_id: fields.id("group_id"),
            human_interaction: fields.flag("human_interaction"),
            allow_regenerate: fields.flag("allow_regenerate").unwrap_or(false),
            automation_status: automation_status(fields, &AutomationStatus::SETTABLE),
            overruled: None,
        }
    }
}

fn resume_headers(fields: &mut Fields) -> Option<SecretString> {
    let sent = fields.json("resume_headers")?;
    match resume_headers::read(sent.part()) {
        Ok(headers) => headers,
        Err(problem) => {
            fields.refuse("resume_headers", problem);
            None
        }
    }
}

/// `on_duplicate`, in the query or in the body: the query counts where both say something.
pub fn on_duplicate(query: &mut Fields, body: &mut Fields) -> OnDuplicate {
    let read = |fields: &mut Fields| fields.one_of("on_duplicate", OnDuplicate::WORDS, OnDuplicate::parse);
    let (asked, said) = (read(query), read(body));
    if query.is_refused("on_duplicate") && !body.is_refused("on_duplicate") {
        body.refuse("on_duplicate", format!("must be one of {}", OnDuplicate::WORDS.join(", ")));
    }
    asked.or(said).unwrap_or(OnDuplicate::Ignore)
}

/// The field `execution_state` of a list's query.
pub fn execution_state(fields: &mut Fields) -> Option<ExecutionFilter> {
    fields.one_of("execution_state", &ExecutionFilter::ALL, ExecutionFilter::parse)
}

/// The field `automation_status`, one of the words.
pub fn automation_status(fields: &mut Fields, words: &[&str]) -> Option<AutomationStatus> {
    fields.one_of("automation_status", words, AutomationStatus::parse)
}
