//! Notifications: what a workflow wants a person to see.

use serde::{Deserialize, Serialize};

use super::{names::names, review::Actor};
use crate::{
    clock::Millis,
    ids::{GroupId, Id, NotificationId},
};

names! {
    /// What a notification is about: an icon to the person, a filter to lists.
    #[derive(Default)]
    pub enum NotificationType {
        #[default]
        WorkflowAlert = "workflow_alert",
        WorkflowComplete = "workflow_complete",
        WorkflowError = "workflow_error",
        HumanReview = "human_review",
        NewLead = "new_lead",
        NewMedia = "new_media",
    }
}

/// One notification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    pub id: NotificationId,
    pub group_id: GroupId,
    /// It concerns the whole organization: who is bound to client groups does not see it, whichever it lies in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_all: bool,
    pub title: String,
    pub message: String,
    #[serde(rename = "type")]
    pub kind: NotificationType,
    /// Where a click leads: a full URL, or a path of the page that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// What it speaks of, in the workflow's own words; not looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_type: Option<String>,
    /// Of whatever kind `entity_type` says, which need be none of ours: no type of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<Id>,
    /// Present once somebody has read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Reading>,
    pub created_at: Millis,
}

/// Who read a notification first, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    pub by: Actor,
    pub at: Millis,
}
