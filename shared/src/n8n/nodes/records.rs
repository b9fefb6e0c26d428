//! Leads, media items and payloads: one node that creates the record.

use super::{Kind, object};

const FIELDS_NOTE: &str = "It takes each field from the item's field of the same name. Change the expressions of its JSON body where your \
     fields have other names; what an item does not have is left out.";

/// Lead.
pub const LEAD: Kind = Kind {
    key: "lead",
    title: "Lead",
    description: "Creates a lead. One with the same e-mail address in the same group is kept as it is.",
    path: Some("/api/leads"),
    must_arrive: true,
    parameters: &[],
    notes: &[FIELDS_NOTE],
    build: |kind, values| kind.posting(values, "Send lead", &object(values, LEAD_FIELDS)),
};

/// Media item.
pub const MEDIA: Kind = Kind {
    key: "media",
    title: "Media item",
    description: "Creates a media item from a URL.",
    path: Some("/api/media"),
    must_arrive: true,
    parameters: &[],
    notes: &[FIELDS_NOTE, MEDIA_NOTE],
    build: |kind, values| kind.posting(values, "Send media item", &object(values, MEDIA_FIELDS)),
};

/// Payload.
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

pub const PAYLOAD_NOTE: &str = "It stores the whole item. The item's fields title and task_type become the payload's where they are text; without \
     a title it is named like the workflow.";

pub const MEDIA_NOTE: &str = "Without a title that is text, the media item is named like the workflow.";

/// Baton asks for a title, and items often have an empty one or an object of that name (WordPress' `{ rendered }`). A
/// number is what n8n makes of a title like 2024.
const TITLE: &str =
    "(/string|number/.test(typeof $json.title) && String($json.title).trim()) || $workflow.name";

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
    ("title", TITLE),
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

pub const PAYLOAD_FIELDS: &[(&str, &str)] = &[
    ("title", TITLE),
    // An object of that name is the item's own matter, and stays in the payload.
    ("task_type", "typeof $json.task_type === 'object' ? undefined : $json.task_type"),
    ("payload", "$json"),
];
