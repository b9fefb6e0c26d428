//! The fields of a message as callers send them.

use shared::{
    domain::chat::{COMPLETE, CONTENT_BYTES, CONTEXT_BYTES, ChatStatus, Lead, Role, Setting},
    http::input::{Email, Flat, Foreign, Hidden, PostedFrom, Text, Verbatim, Word},
    ids::LeadId,
    ops::chats::{NewMessage, Said},
};

shared::input! {
    /// A message to log.
    pub struct LogMessage {
        /// The workflow's own name of the conversation. Within a client group it means one chat, which begins with its first
        /// message.
        #[example("conversation-7")]
        session_id: Foreign<255>,
        /// `user`, `assistant`, `system` or `tool`.
        #[example("user")]
        role: Word<Role>,
        /// Kept to the last blank, up to 256 KB. What is no text is kept as its JSON text.
        ///
        /// `__session_complete__` of the role `system` ends the chat and is no message.
        #[example("Where is my order?")]
        content: Verbatim<CONTENT_BYTES>,
        /// The workflow's own id of the message: sent twice, it is kept once.
        #[example("msg-551-1")]
        message_id: Option<Foreign<200>>,
        /// Title of the chat; without one it is how the first message begins.
        title: Option<Text<255>>,
        /// `active` (default), `completed` or `abandoned`.
        status: Option<Word<ChatStatus>>,
        /// What the model was told first. Kept when it comes with the message that opens the chat.
        system_prompt: Option<Verbatim<CONTEXT_BYTES>>,
        /// What was retrieved for the conversation: JSON, or text that holds JSON. The last one is kept.
        context: Option<Verbatim<CONTEXT_BYTES>>,
        /// What was retrieved for this message.
        message_context: Option<Verbatim<CONTEXT_BYTES>>,
        /// Whom the workflow talks to.
        lead_id: Option<LeadId>,
        lead_email: Option<Email>,
        lead_first_name: Option<Text<255>>,
        lead_last_name: Option<Text<255>>,
        origin: Flat<PostedFrom, Review>,
    }
}

/// Nobody decides on a chat.
#[derive(Debug, Clone)]
pub struct Review;

impl Hidden for Review {
    const NAMES: &'static [&'static str] = &[
        "resume_url",
        "resume_headers",
        "node",
        "human_interaction",
        "allow_regenerate",
        "automation_status",
    ];
}

impl From<LogMessage> for NewMessage {
    fn from(sent: LogMessage) -> Self {
        let ends = sent.role == Role::System && sent.content == COMPLETE;
        let said = Said {
            role: sent.role,
            content: sent.content,
            context: sent.message_context,
            message_id: sent.message_id,
        };
        Self {
            session_id: sent.session_id,
            said: (!ends).then_some(said),
            title: sent.title,
            status: if ends { Some(ChatStatus::Completed) } else { sent.status },
            setting: Setting { system_prompt: sent.system_prompt, context: sent.context },
            lead: Lead {
                lead_id: sent.lead_id,
                lead_email: sent.lead_email,
                lead_first_name: sent.lead_first_name,
                lead_last_name: sent.lead_last_name,
            },
            origin: sent.origin.into(),
        }
    }
}
