//! The types of events, as one table.

use super::{
    Category::{Decisions, Keys, Logins, Roles, Settings},
    Datum, Entry,
    Holds::{self, Flag, Id, Ids, Number, Text, Words},
    Kept::{self, Audit, Itself, Later, Log},
};

const fn entry(name: &'static str, description: &'static str, kept: Kept, data: &'static [Datum]) -> Entry {
    Entry { name, description, data, kept }
}

const fn of(name: &'static str, holds: Holds, description: &'static str) -> Datum {
    Datum { name, holds, description }
}

const NAME: Datum = of("name", Text("Inbound leads"), "What it is called.");
const STATUS: Datum = of("status", Text("new"), "The status that it has now.");
const LEAD_STATUS: Datum = of("status_id", Id(102), "The status that it has now.");
const BEFORE: Datum = of("previous_status", Text("new"), "The status that it had before.");
const CHANGED: Datum = of("changed", Words(&["phone", "company"]), "Fields that were changed.");
const WORKFLOW: Datum = of("workflow_id", Text("wf-7"), "n8n's id of the workflow, where there is one.");
const EXECUTION: Datum = of("execution_id", Text("4711"), "n8n's id of the execution, where there is one.");
const ENTITY: Datum = of("entity_type", Text("custom_payload"), "What is reviewed.");
const NOTES: Datum = of("notes", Text("Looks good."), "What the reviewer wrote.");
const ROLE: Datum = of("role", Text("editor"), "The role in the organization.");
const EMAIL: Datum = of("email", Text("jane@example.com"), "The e-mail address.");
const GROUPS: Datum = of(
    "group_ids",
    Ids(&[244_233_015_908_124]),
    "The client groups that it is bound to; left out where it is to none.",
);
const PERSON: &[Datum] = &[EMAIL, ROLE, GROUPS];
const ADDRESS: Datum = of("address", Text("203.0.113.7"), "Where the request came from.");
const REASON: Datum = of("reason", Text("timeout"), "Why.");
const NODE: Datum = of("node_id", Text("n1"), "The step.");
const LINE: &[Datum] = &[WORKFLOW, EXECUTION];
const ASKED: &[Datum] = &[ENTITY, WORKFLOW, EXECUTION];
const REVIEW: &[Datum] = &[ENTITY, NOTES, WORKFLOW, EXECUTION];
const SCOPES: Datum = of("scopes", Words(&["leads:write"]), "What the key may do.");
const KEY: &[Datum] = &[NAME, of("last_four", Text("wxyz"), "How the key ends."), SCOPES, GROUPS];
const FORM: &[Datum] = &[NAME];
const PROVIDER: &[Datum] = &[of("provider", Text("slack"), "The other side."), REASON];
const MAIL: &[Datum] = &[EMAIL, of("subject_line", Text("Hello"), "The subject of the mail.")];
const STAGE: &[Datum] = &[of("stage", Text("Won"), "The stage that it is in now.")];

macro_rules! catalogue {
    ($($variant:ident = $name:literal, $kept:expr, $data:expr, $description:literal;)*) => {
        /// A type of event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EventType {
            $(#[doc = $description] $variant,)*
        }

        impl EventType {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            pub const fn entry(self) -> &'static Entry {
                match self {
                    $(Self::$variant => {
                        const ENTRY: Entry = entry($name, $description, $kept, $data);
                        &ENTRY
                    })*
                }
            }
        }
    };
}

/// What may happen in one moment, and lies in one item then.
pub const TOGETHER: &[(EventType, EventType)] = &[
    (EventType::ReviewDenied, EventType::LeadDeleted),
    (EventType::ReviewDenied, EventType::MediaDeleted),
    (EventType::ReviewDenied, EventType::PayloadDeleted),
    (EventType::ReviewDenied, EventType::InvoiceDeleted),
    (EventType::LeadCreated, EventType::ReviewRequested),
    (EventType::LeadUpdated, EventType::ReviewRequested),
    (EventType::LeadUpdated, EventType::LeadStatusChanged),
    (EventType::MediaCreated, EventType::ReviewRequested),
    (EventType::MediaUpdated, EventType::ReviewRequested),
    (EventType::PayloadCreated, EventType::ReviewRequested),
    (EventType::PayloadUpdated, EventType::ReviewRequested),
    (EventType::InvoiceCreated, EventType::ReviewRequested),
    (EventType::InvoiceUpdated, EventType::ReviewRequested),
    (EventType::InvoiceUpdated, EventType::InvoiceStatusChanged),
];

/// The names of the types that the audit log has.
pub const AUDITED: &[&str] = &{
    let (mut names, mut found, mut at) = ([""; AUDITED_COUNT], 0, 0);
    while at < EventType::ALL.len() {
        let entry = EventType::ALL[at].entry();
        if matches!(entry.kept, Audit(_)) {
            names[found] = entry.name;
            found += 1;
        }
        at += 1;
    }
    names
};

const AUDITED_COUNT: usize = {
    let (mut found, mut at) = (0, 0);
    while at < EventType::ALL.len() {
        if matches!(EventType::ALL[at].entry().kept, Audit(_)) {
            found += 1;
        }
        at += 1;
    }
    found
};

catalogue! {
    WorkflowCreated = "workflow.created", Later, &[NAME], "A workflow was made.";
    WorkflowUpdated = "workflow.updated", Later, &[NAME, CHANGED], "A workflow was changed.";
    WorkflowPublished = "workflow.published", Later, &[NAME], "A workflow was published.";
    WorkflowDeleted = "workflow.deleted", Later, &[NAME], "A workflow was deleted.";
    WorkflowExecuted = "workflow.executed", Later, LINE, "An execution of a workflow completed.";
    WorkflowFailed = "workflow.failed", Log, &[NAME, WORKFLOW, REASON],
        "A workflow failed, or does not do what a rule of alerts asks of it.";
    FormCreated = "form.created", Later, FORM, "A form was made.";
    FormUpdated = "form.updated", Later, FORM, "A form was changed.";
    FormSubmitted = "form.submitted", Later, FORM, "Somebody sent a form.";
    IntegrationConnected = "integration.connected", Later, PROVIDER, "Another service was connected.";
    IntegrationDisconnected = "integration.disconnected", Later, PROVIDER, "Another service was disconnected.";
    IntegrationError = "integration.error", Later, PROVIDER, "Another service does not answer as it should.";
    MemberInvited = "member.invited", Audit(Roles), PERSON, "Somebody was asked to join the organization.";
    MemberJoined = "member.joined", Audit(Roles), PERSON, "Somebody joined the organization.";
    MemberUpdated = "member.updated", Audit(Roles),
        &[EMAIL, ROLE, GROUPS, of("previous_role", Text("viewer"), "The role before."), CHANGED],
        "A member's role, name or client groups were changed.";
    MemberRemoved = "member.removed", Audit(Roles), PERSON, "Somebody left the organization, or was made to.";
    ExecutionStarted = "execution.started", Later, LINE, "An execution began.";
    ExecutionWaiting = "execution.waiting", Later, &[WORKFLOW, EXECUTION, NODE], "An execution waits.";
    ExecutionCompleted = "execution.completed", Itself, LINE, "An execution ended well.";
    ExecutionFailed = "execution.failed", Itself, LINE, "An execution failed.";
    ExecutionCancelled = "execution.cancelled", Later, LINE, "An execution was ended before it was done.";
    ReviewRequested = "review.requested", Log, ASKED, "A person is asked to decide.";
    ReviewApproved = "review.approved", Audit(Decisions), REVIEW, "A person approved.";
    ReviewDenied = "review.denied", Audit(Decisions), REVIEW, "A person denied.";
    ReviewRegenerate = "review.regenerate", Audit(Decisions), REVIEW, "A person sent it back to be made anew.";
    ReviewExpired = "review.expired", Later, REVIEW, "Nobody decided in time.";
    LeadCreated = "lead.created", Log, &[LEAD_STATUS, of("source", Text("website"), "Where it came from.")],
        "A lead was made.";
    LeadUpdated = "lead.updated", Log, &[CHANGED], "A lead was changed.";
    LeadStatusChanged = "lead.status_changed", Log,
        &[LEAD_STATUS, of("previous_status_id", Id(101), "The status that it had before.")], "A lead has another status.";
    LeadDeleted = "lead.deleted", Log, &[], "A lead was deleted.";
    MediaCreated = "media.created", Log, &[of("media_type", Text("image"), "What it is.")],
        "A media item was made.";
    MediaUpdated = "media.updated", Log, &[CHANGED], "A media item was changed.";
    MediaDeleted = "media.deleted", Log, &[], "A media item was deleted.";
    PayloadCreated = "payload.created", Log, &[of("task_type", Text("seo-report"), "What it is for.")],
        "A payload was made.";
    PayloadUpdated = "payload.updated", Log, &[CHANGED], "A payload was changed.";
    PayloadDeleted = "payload.deleted", Log, &[], "A payload was deleted.";
    InvoiceCreated = "invoice.created", Log, &[STATUS], "An invoice was made.";
    InvoiceUpdated = "invoice.updated", Log, &[CHANGED], "An invoice was changed.";
    InvoiceStatusChanged = "invoice.status_changed", Log, &[STATUS, BEFORE], "An invoice has another status.";
    InvoiceDeleted = "invoice.deleted", Log, &[], "An invoice was deleted.";
    EnrollmentCreated = "enrollment.created", Later, &[], "Somebody was enrolled in a workflow.";
    EnrollmentStepCompleted = "enrollment.step_completed", Later, &[NODE], "A step of an enrollment is done.";
    EnrollmentCompleted = "enrollment.completed", Later, &[], "An enrollment is through.";
    EnrollmentFailed = "enrollment.failed", Later, &[REASON], "An enrollment failed.";
    EnrollmentCancelled = "enrollment.cancelled", Later, &[], "An enrollment was ended before it was through.";
    EmailSent = "email.sent", Later, MAIL, "A mail was sent.";
    EmailDelivered = "email.delivered", Later, MAIL, "A mail arrived.";
    EmailOpened = "email.opened", Later, MAIL, "A mail was opened.";
    EmailClicked = "email.clicked", Later, MAIL, "A link of a mail was followed.";
    EmailBounced = "email.bounced", Later, MAIL, "A mail came back.";
    EmailComplained = "email.complained", Later, MAIL, "A mail was called spam.";
    EmailUnsubscribed = "email.unsubscribed", Later, MAIL, "Somebody wants no more mail.";
    OpportunityStageChanged = "opportunity.stage_changed", Later, STAGE, "An opportunity is in another stage.";
    AgentExecutionCompleted = "agent.execution.completed", Later, LINE, "An agent did what it was asked.";
    AgentExecutionFailed = "agent.execution.failed", Later, LINE, "An agent failed at what it was asked.";
    TokenUsageRecorded = "token_usage.recorded", Itself,
        &[WORKFLOW, EXECUTION, of("model_id", Text("gpt-4"), "The model."),
          of("input_tokens", Number(399), "Tokens that went in."), of("output_tokens", Number(288), "Tokens that came out.")],
        "A call of a model was recorded.";
    BudgetExceeded = "budget.exceeded", Log,
        &[NAME, of("percent", Number(80), "The share of the budget that was reached.")],
        "More of a budget was spent than somebody wants to hear of.";
    ApiKeyCreated = "api_key.created", Audit(Keys), KEY, "An API key was made.";
    ApiKeyRotated = "api_key.rotated", Audit(Keys),
        &[NAME, of("last_four", Text("wxyz"), "How the key ends."), SCOPES, GROUPS, of("replaced", Id(244_233_015_908_124), "The key whose place it takes.")],
        "An API key was made in the place of another.";
    ApiKeyRevoked = "api_key.revoked", Audit(Keys), KEY, "An API key was ended.";
    ApiKeyUpdated = "api_key.updated", Audit(Keys), KEY, "An API key is bound to other client groups: one of them was deleted.";
    SessionCreated = "session.created", Audit(Logins), &[ADDRESS], "Somebody logged in.";
    SessionEnded = "session.ended", Audit(Logins), &[], "Somebody logged out.";
    SessionRefused = "session.refused", Audit(Logins), &[ADDRESS, REASON], "Somebody could not log in.";
    PasswordChanged = "password.changed", Audit(Logins), &[of("by_token", Flag(true), "Whether it was forgotten before.")],
        "A member has another password.";
    PasswordResetRequested = "password.reset_requested", Audit(Logins), &[ADDRESS],
        "Somebody says that a member has forgotten the password.";
    SecondFactorChanged = "second_factor.changed", Audit(Logins), &[of("enabled", Flag(true), "Whether there is one now.")],
        "A member has a second factor, or has none any more.";
    OrganizationUpdated = "organization.updated", Audit(Settings), &[CHANGED, of("plan", Text("pro"), "The plan, where it was changed."),
          of("second_factor_required", Flag(true), "Whether a second factor is demanded, where that was changed.")],
        "The organization or its settings were changed.";
    GroupCreated = "group.created", Audit(Settings), &[NAME], "A client group was made.";
    GroupUpdated = "group.updated", Audit(Settings), &[NAME], "A client group was changed.";
    GroupDeleted = "group.deleted", Audit(Settings),
        &[NAME, of("move_to", Id(244_233_015_908_124), "The group that what lies in it goes to.")], "A client group was deleted.";
    ProjectCreated = "project.created", Log, &[NAME], "A project was made.";
    ProjectUpdated = "project.updated", Log, &[NAME, CHANGED], "A project was changed.";
    ProjectDeleted = "project.deleted", Log, &[NAME], "A project was deleted.";
    WebhookEndpointDisabled = "webhook.endpoint_disabled", Later, &[REASON], "An endpoint is not told any more.";
    InstallationRegistered = "installation.registered", Audit(Settings),
        &[NAME, of("group_id", Id(244_233_015_908_124), "The client group that it lies in.")], "An n8n was registered.";
    InstallationDeleted = "installation.deleted", Audit(Settings), &[NAME], "An n8n is not known any more.";
    InstallationUnreachable = "installation.unreachable", Log, &[NAME, REASON],
        "An n8n takes the key no more that it was registered with.";
}
