//! Leads, media items and payloads: one node that creates the record.

use super::{Kind, object};

const NOTES: &[&str] = &[
    "It takes each field from the item's field of the same name. Change the expressions of its JSON body where your \
     fields have other names; what an item does not have is left out.",
];

pub const LEAD: Kind = Kind {
    key: "lead",
    title: "Lead",
    description: "Creates a lead. One with the same e-mail address in the same group is kept as it is.",
    path: Some("/api/leads"),
    must_arrive: true,
    parameters: &[],
    notes: NOTES,
    build: |kind, values| kind.posting(values, "Send lead", &object(values, LEAD_FIELDS)),
};

pub const MEDIA: Kind = Kind {
    key: "media",
    title: "Media item",
    description: "Creates a media item from a URL.",
    path: Some("/api/media"),
    must_arrive: true,
    parameters: &[],
    notes: NOTES,
    build: |kind, values| kind.posting(values, "Send media item", &object(values, MEDIA_FIELDS)),
};

pub const PAYLOAD: Kind = Kind {
    key: "payload",
    title: "Payload",
    description: "Stores the whole item as a custom payload.",
    path: Some("/api/payloads"),
    must_arrive: true,
    parameters: &[],
    notes: &[PAYLOAD_NOTE],
    build: |kind, values| kind.posting(values, "Send payload", &object(values, PAYLOAD_FIELDS)),
};

pub const PAYLOAD_NOTE: &str = "It stores the whole item. The item's fields title and task_type become the payload's; without a title it is named \
     like the workflow.";

pub const LEAD_FIELDS: &[(&str, &str)] = &[
    ("first_name", "$json.first_name"),
    ("last_name", "$json.last_name"),
    ("email", "$json.email"),
    ("phone", "$json.phone"),
    ("company_name", "$json.company_name"),
    ("job_title", "$json.job_title"),
    ("website", "$json.website"),
    ("industry", "$json.industry"),
    ("company_size", "$json.company_size"),
    ("annual_revenue", "$json.annual_revenue"),
    ("location", "$json.location"),
    ("lead_source", "$json.lead_source"),
    ("lead_score", "$json.lead_score"),
    ("budget_confirmed", "$json.budget_confirmed"),
    ("pain_points", "$json.pain_points"),
    ("timeline", "$json.timeline"),
    ("utm_source", "$json.utm_source"),
    ("utm_medium", "$json.utm_medium"),
    ("utm_campaign", "$json.utm_campaign"),
];

pub const MEDIA_FIELDS: &[(&str, &str)] = &[
    ("title", "$json.title"),
    ("media_type", "$json.media_type"),
    ("url", "$json.url"),
    ("thumbnail_url", "$json.thumbnail_url"),
    ("source", "$json.source"),
    ("duration", "$json.duration"),
    ("file_size", "$json.file_size"),
    ("width", "$json.width"),
    ("height", "$json.height"),
    ("description", "$json.description"),
    ("tags", "$json.tags"),
    ("collection_name", "$json.collection_name"),
];

pub const PAYLOAD_FIELDS: &[(&str, &str)] =
    &[("title", "$json.title ?? $workflow.name"), ("task_type", "$json.task_type"), ("payload", "$json")];
