//! Chats: conversations of people with a workflow's model, one message after another.

use serde::{Deserialize, Serialize};

use super::names::names;
use crate::{
    clock::Millis,
    ids::{ChatId, GroupId, InstallationId, LeadId, MessageId},
};

names! {
    #[derive(Default)]
    pub enum ChatStatus {
        #[default]
        Active = "active",
        Completed = "completed",
        Abandoned = "abandoned",
    }
}

names! {
    /// Who says a message.
    pub enum Role {
        User = "user",
        Assistant = "assistant",
        System = "system",
        Tool = "tool",
    }
}

/// What the vendor's node sends as the text of a `system` message when a session is over. It ends the session and is no
/// message.
pub const COMPLETE: &str = "__session_complete__";
/// Longest text of a message in bytes, so that it fits an item with its context.
pub const CONTENT_BYTES: usize = 256 * 1024;
/// Longest context and system prompt in bytes.
pub const CONTEXT_BYTES: usize = 64 * 1024;
/// Characters of a title that is made of the first message.
const TITLE_CHARS: usize = 80;

/// One conversation without its messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chat {
    pub id: ChatId,
    pub group_id: GroupId,
    /// The workflow's own name for it; within a group it means one chat.
    pub session_id: String,
    pub title: String,
    pub status: ChatStatus,
    #[serde(flatten)]
    pub counts: Counts,
    #[serde(flatten)]
    pub lead: Lead,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation_id: Option<InstallationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message_at: Option<Millis>,
    pub created_at: Millis,
    pub changed_at: Millis,
    pub v: u64,
}

/// Messages by role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    #[serde(default)]
    pub user: i64,
    #[serde(default)]
    pub assistant: i64,
    #[serde(default)]
    pub system: i64,
    #[serde(default)]
    pub tool: i64,
}

impl Counts {
    pub fn total(self) -> i64 {
        self.user + self.assistant + self.system + self.tool
    }

    /// These and one message more.
    #[must_use]
    pub fn and(self, role: Role) -> Self {
        let mut counts = self;
        *match role {
            Role::User => &mut counts.user,
            Role::Assistant => &mut counts.assistant,
            Role::System => &mut counts.system,
            Role::Tool => &mut counts.tool,
        } += 1;
        counts
    }
}

/// Whom the workflow talks to, as far as it says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lead {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_id: Option<LeadId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_first_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_last_name: Option<String>,
}

/// What a model was told besides the messages. Apart from the chat, which is written with every message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Setting {
    /// Of the first message that had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<String>,
    /// JSON text; of the last message that had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    pub role: Role,
    pub content: String,
    /// JSON text: what was retrieved for this message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The workflow's own id of it: sent twice, it is kept once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
    pub created_at: Millis,
}

/// The title of a chat that was given none: how the first message begins, when a person said it.
pub fn title_of(session_id: &str, first: Option<&Message>) -> String {
    let line = first
        .filter(|message| message.role == Role::User)
        .and_then(|message| message.content.lines().map(str::trim).find(|line| !line.is_empty()));
    match line {
        Some(line) if line.chars().count() > TITLE_CHARS => {
            let start: String = line.chars().take(TITLE_CHARS - 1).collect();
            format!("{}…", start.trim_end())
        }
        Some(line) => line.to_owned(),
        None => session_id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(role: Role, content: &str) -> Message {
        Message {
            id: MessageId::from_u64(1).unwrap(),
            role,
            content: content.into(),
            context: None,
            message_id: None,
            workflow_id: None,
            execution_id: None,
            created_at: Millis(0),
        }
    }

    #[test]
    fn a_title_is_the_first_line_of_what_a_person_said() {
        for (message, title) in [
            (said(Role::User, "\n  Where is my order?\nIt is late."), "Where is my order?"),
            (said(Role::User, " \n "), "s-1"),
            (said(Role::Assistant, "How can I help?"), "s-1"),
        ] {
            assert_eq!(title_of("s-1", Some(&message)), title);
        }
        assert_eq!(title_of("s-1", None), "s-1");
        let long = title_of("s-1", Some(&said(Role::User, &"é".repeat(81))));
        assert_eq!((long.chars().count(), long.ends_with('…')), (80, true));
        let fits = "é".repeat(80);
        assert_eq!(title_of("s-1", Some(&said(Role::User, &fits))), fits);
    }
}
