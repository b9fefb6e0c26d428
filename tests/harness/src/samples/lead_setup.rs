//! The pipeline of the scene: status 12 and custom field 21 are the organization's own; `base` is added to each id.

use serde_json::json;
use shared::{
    domain::{
        custom_field::{FieldType, Shape},
        lead_setup::LeadSetup,
    },
    ids::{FieldId, StatusId},
};

use super::{Sample, read, write};
use crate::{Caller, TestApp};

pub async fn seed(house: &TestApp, caller: &Caller, base: u64) {
    let mut setup = LeadSetup { v: 1, ..LeadSetup::default() };
    setup
        .add_status(StatusId::from_u64(base + 12).unwrap(), "Nurturing".into(), Some("#10b981".into()))
        .unwrap();
    let shape = Shape::new(FieldType::Select, vec!["Small".into(), "Large".into()]).unwrap();
    setup.add_field(FieldId::from_u64(base + 21).unwrap(), "Deal size".into(), shape, false).unwrap();
    let setups = house.app.repos(caller.key.tenant).lead_setups();
    house.app.store.write(setups.put_next(&setup).unwrap()).await.unwrap();
}

pub fn samples() -> Vec<Sample> {
    let mut all = statuses();
    all.extend(fields());
    all.push(read("get_lead_view", "/api/leads/view-config"));
    all.push(Sample {
        required: &["columns"],
        wrong: vec![
            ("columns", json!("email")),
            ("columns", json!({ "email": true })),
            ("columns", json!(["email", 7])),
            ("columns", json!([{ "visible": true }])),
            ("columns", json!(["email", "shoe_size"])),
            ("columns", json!(vec!["email"; 201])),
        ],
        ..write(
            "set_lead_view",
            "/api/leads/view-config",
            json!({ "columns": ["first_name", { "key": "email", "visible": true, "width": 240 }, "deal_size"] }),
        )
    });
    all
}

fn statuses() -> Vec<Sample> {
    let wrong = vec![
        ("label", json!({})),
        ("label", json!("l".repeat(101))),
        ("label", json!("12")),
        ("color", json!("green")),
        ("color", json!("#10b98")),
        ("color", json!(["#10b981"])),
    ];
    vec![
        read("list_lead_statuses", "/api/lead-statuses"),
        Sample {
            required: &["label"],
            wrong: wrong.clone(),
            ..write(
                "create_lead_status",
                "/api/lead-statuses",
                json!({ "label": "On hold", "color": "#f59e0b" }),
            )
        },
        Sample {
            required: &["ids"],
            wrong: vec![
                ("ids", json!("3, 1")),
                ("ids", json!([])),
                ("ids", json!([3, {}])),
                ("ids", json!([3, 4242])),
                ("ids", json!([3, 1, 3])),
                ("ids", json!(vec![3; 101])),
            ],
            ..write("reorder_lead_statuses", "/api/lead-statuses/reorder", json!({ "ids": [3, 1, 4, 2] }))
        },
        Sample {
            nowhere: Some("/api/lead-statuses/4242"),
            wrong,
            ..write("update_lead_status", "/api/lead-statuses/12", json!({ "label": "Nursing" }))
        },
        Sample {
            nowhere: Some("/api/lead-statuses/4242"),
            ..read("delete_lead_status", "/api/lead-statuses/12")
        },
    ]
}

fn fields() -> Vec<Sample> {
    vec![
        read("list_lead_custom_fields", "/api/lead-custom-fields"),
        Sample {
            required: &["label", "field_type"],
            wrong: vec![
                ("label", json!([])),
                ("field_type", json!("colour")),
                ("field_type", json!(3)),
                ("options", json!([])),
                ("options", json!("EMEA, APAC")),
                ("options", json!(["EMEA", {}])),
                ("options", json!(["EMEA", "emea "])),
                ("required", json!("maybe")),
            ],
            ..write(
                "create_lead_custom_field",
                "/api/lead-custom-fields",
                json!({ "label": "Sales region", "field_type": "select", "options": ["EMEA", "APAC"] }),
            )
        },
        Sample {
            nowhere: Some("/api/lead-custom-fields/4242"),
            wrong: vec![
                ("label", json!({})),
                ("options", json!([])),
                ("options", json!(vec!["same"; 2])),
                ("required", json!([])),
                ("field_type", json!("text")),
                ("machine_name", json!("size_of_deal")),
            ],
            ..write(
                "update_lead_custom_field",
                "/api/lead-custom-fields/21",
                json!({ "options": ["Small", "Medium", "Large"], "required": true }),
            )
        },
        Sample {
            nowhere: Some("/api/lead-custom-fields/4242"),
            ..read("delete_lead_custom_field", "/api/lead-custom-fields/21")
        },
    ]
}
