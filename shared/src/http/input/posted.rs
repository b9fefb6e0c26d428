//! What a workflow says of itself when it posts something: where it comes from, and whether a person must decide.

use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::{Asked, Field, Flag, Foreign, OrDefault, Settable, Word, describe};
use crate::{
    domain::resume_headers,
    http::fields::Fields,
    ids::{GroupId, InstallationId},
    ops::origin::Origin,
};

crate::input! {
    /// The fields that every post of a workflow may have.
    pub struct PostedFrom {
        /// The n8n instance.
        #[example(45)]
        pub installation_id: Option<InstallationId>,
        /// n8n's id of the workflow.
        #[example("abc123")]
        pub workflow_id: Option<Foreign<200>>,
        /// n8n's id of the execution: needed to resume it.
        #[example("exec-789")]
        pub execution_id: Option<Foreign<200>>,
        /// `$execution.resumeUrl`: newer n8n versions resume only with its signature. One that lies
        /// neither below the installation's host nor below its webhook URL is called there, and `warnings` says so.
        pub resume_url: Option<Url>,
        /// Headers that the Wait node asks its callers for (Header Auth, Basic Auth): up to five names and texts, kept sealed and
        /// sent with the decision.
        pub resume_headers: Option<ResumeHeaders>,
        /// The node that asks, by its id (`$nodeId`) or name: after *regenerate* the same one renews what it asked for, else
        /// the same title does.
        pub node: Option<Foreign<200>>,
        /// Whether a person must decide before the workflow goes on.
        pub human_interaction: Option<Flag>,
        /// Whether the reviewer may ask for another attempt.
        pub allow_regenerate: OrDefault<Flag>,
        /// `pending` (default), `approved` or `denied`.
        #[example("pending")]
        pub automation_status: Option<Word<Settable>>,
        /// Client group, instead of the installation's or the key's.
        pub group_id: Option<GroupId>,
    }
}

impl From<PostedFrom> for Origin {
    fn from(posted: PostedFrom) -> Self {
        Self {
            installation_id: posted.installation_id,
            workflow_id: posted.workflow_id,
            execution_id: posted.execution_id,
            resume_url: posted.resume_url,
            node: posted.node,
            resume_headers: posted.resume_headers,
            group_id: posted.group_id,
            human_interaction: posted.human_interaction,
            allow_regenerate: posted.allow_regenerate,
            automation_status: posted.automation_status,
            overruled: None,
        }
    }
}

/// What the Wait asks its callers for (`domain::resume_headers`).
pub struct ResumeHeaders;

impl Field for ResumeHeaders {
    type Value = SecretString;

    fn read(fields: &mut Fields, name: &str) -> Option<SecretString> {
        match resume_headers::read(fields.json(name)?.part()) {
            Ok(headers) => headers,
            Err(problem) => {
                fields.refuse(name, problem);
                None
            }
        }
    }

    fn schema(asked: Asked) -> Value {
        describe::holding(asked, "object")
    }
}
