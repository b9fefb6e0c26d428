use serde_json::{Value, json};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::*;
use crate::{
    error::{ErrorKind, RequestPart},
    ids::Id,
    json::Json,
    testing::house::House,
};

crate::input! {
    /// Something that was bought.
    pub struct Item {
        pub name: Text<10>,
        pub quantity: Option<Whole<100>>,
    }
}

crate::input! {
    /// An order.
    ///
    /// With its items.
    pub struct Order {
        /// Who ordered.
        #[example("jane@example.com")]
        email: Email,
        #[name("type")]
        #[alias("kind", "sort")]
        kind: Option<Text<20>>,
        title: Kept<Text<20>>,
        note: Patch<Text<20>>,
        gift: OrDefault<Flag>,
        items: Option<List<Nested<Item>, 3>>,
        tags: Option<List<Text<5>, 3>>,
        data: Option<Json>,
        page: Flat<Paging>,
    }
    then(fields) {
        /// For whom it is.
        pub receiver: Option<String> = {
            if gift && note == Patched::Stays {
                fields.refuse("note", "is required for a gift");
            }
            email.clone()
        },
    }
}

crate::input! {
    /// Nothing else.
    closed struct Closed {
        count: Option<Whole<9>>,
        tags: Kept<List<Text<10>, 3, 1>>,
    }
}

crate::input! {
    /// To the letter.
    strict struct Exact {
        name: Text<10>,
        count: Option<Whole<9>>,
        on: Option<Flag>,
        id: Option<Id>,
        items: Option<List<Nested<Item>, 3>>,
        limit: Limit<5, 10>,
    }
}

fn order(body: &Value) -> Result<Order> {
    Order::read(Fields::read(&body.to_string().into())?)
}

fn exact(body: &Value) -> Result<Exact> {
    Exact::read(Fields::read(&body.to_string().into())?)
}

fn problems(error: &Error) -> Vec<(&str, String)> {
    error.by_field().into_iter().map(|(path, problems)| (path, problems.join(", "))).collect()
}

#[test]
fn what_was_sent_is_read_by_its_types() {
    let order = order(&json!({
        "email": " jane@example.com ", "kind": 42, "gift": "yes", "note": " for you ", "limit": "1e9",
        "items": "[{\"name\":\"pen\",\"quantity\":\"2\"}]", "tags": ["a", 1], "data": "{\"k\":1}", "other": 1,
    }))
    .unwrap();
    assert_eq!(order.receiver.as_deref(), Some("jane@example.com"));
    assert_eq!((order.kind.as_deref(), order.gift, order.page.limit), (Some("42"), true, 500));
    assert_eq!(order.note, Patched::Set("for you".into()));
    let items = order.items.unwrap();
    assert_eq!((items[0].name.as_str(), items[0].quantity), ("pen", Some(2)));
    assert_eq!(order.tags.unwrap(), ["a", "1"]);
    assert_eq!(order.data.unwrap().as_str(), r#"{"k":1}"#);
    assert_eq!((order.title, order.page.cursor), (None, None));
}

#[test]
fn every_mistake_is_named_at_once_with_its_path() {
    let error = order(&json!({
        "email": "nobody", "title": "", "gift": true, "limit": "many", "cursor": "x",
        "items": [{ "name": "pen" }, 7, { "quantity": 101 }], "tags": ["long enough", null],
    }))
    .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert_eq!(
        problems(&error),
        [
            ("cursor", "is not a cursor of this list".into()),
            ("email", "must be an e-mail address such as jane@example.com".into()),
            ("items[1]", "must be an object".into()),
            ("items[2].name", "is required".into()),
            ("items[2].quantity", "must be at most 100".into()),
            ("limit", "must be a number".into()),
            ("note", "is required for a gift".into()),
            ("tags[0]", "must have at most 5 characters".into()),
            ("tags[1]", "is required".into()),
            ("title", "must not be empty".into()),
        ]
    );
    let error = order(&json!({ "email": "", "items": [1, 2, 3, 4], "tags": {} })).unwrap_err();
    assert_eq!(
        problems(&error),
        [
            ("email", "is required".into()),
            ("items", "must have at most 3 items".into()),
            ("tags", "must be a list".into()),
        ]
    );
}

#[test]
fn null_takes_away_and_blank_text_stays() {
    for (note, patched) in [(json!(null), Patched::Taken), (json!(" "), Patched::Stays)] {
        assert_eq!(order(&json!({ "email": "a@example.com", "note": note })).unwrap().note, patched);
    }
}

#[test]
fn a_strict_input_is_read_to_the_letter() {
    let read = exact(&json!({ "name": " a ", "count": 3, "on": true, "id": 7, "items": [{ "name": "x" }] }))
        .unwrap();
    assert_eq!(
        (read.name.as_str(), read.count, read.on, read.id),
        (" a ", Some(3), Some(true), Id::from_u64(7))
    );
    assert_eq!((read.limit, read.items.unwrap().len()), (5, 1));
    let error = exact(&json!({ "name": 7, "count": "3", "on": "true", "items": "[]", "more": 1, "Name": 2 }))
        .unwrap_err();
    let inside = exact(&json!({ "name": "a", "items": [{ "name": "x", "size": 1 }] })).unwrap_err();
    assert_eq!(problems(&inside), [("items[0].size", "is not a field of this request".into())]);
    assert_eq!(
        problems(&error),
        [
            ("Name", "is not a field of this request".into()),
            ("count", "must be a whole number, 0 or more".into()),
            ("items", "must be a list".into()),
            ("more", "is not a field of this request".into()),
            ("name", "must be text".into()),
            ("on", "must be true or false".into()),
        ]
    );
    // A query is text by nature, for numbers and flags as well.
    let query = [("name", "7"), ("count", "3"), ("on", "true")];
    let query: Fields = query.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let read = Exact::read(query).unwrap();
    assert_eq!((read.name.as_str(), read.count, read.on), ("7", Some(3), Some(true)));
}

fn schema<T: PartialSchema>() -> Value {
    serde_json::to_value(T::schema()).unwrap()
}

#[test]
fn a_declaration_is_its_schema() {
    assert_eq!(Order::name(), "Order");
    let schema = schema::<Order>();
    assert_eq!(schema["description"], "An order.\n\nWith its items.");
    assert_eq!(schema["required"], json!(["email"]));
    let names: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
    let mut expected =
        ["email", "type", "title", "note", "gift", "items", "tags", "data", "limit", "cursor"].to_vec();
    expected.sort_unstable();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    let property = |name: &str| &schema["properties"][name];
    assert_eq!(property("email")["description"], "Who ordered.");
    assert_eq!(property("email")["example"], "jane@example.com");
    assert_eq!(property("title")["minLength"], 1);
    assert_eq!(property("items")["maxItems"], 3);
    assert_eq!(property("items")["items"]["required"], json!(["name"]));
    assert_eq!(property("note")["type"], json!(["string", "number", "null"]));
}

#[test]
fn a_declaration_is_its_parameters() {
    let parameters = serde_json::to_value(Order::into_params(|| None)).unwrap();
    let parameters = parameters.as_array().unwrap();
    let named = |name: &str| parameters.iter().find(|parameter| parameter["name"] == name).unwrap();
    assert_eq!(named("email")["required"], true);
    assert_eq!(named("email")["example"], "jane@example.com");
    assert_eq!(named("type")["schema"], json!({ "type": "string", "maxLength": 20 }));
    assert_eq!(named("limit")["description"], "1 to 500, default 50.");
}

#[test]
fn a_strict_schema_takes_nothing_else() {
    let schema = schema::<Exact>();
    assert_eq!(schema["additionalProperties"], false);
    let property = |name: &str| &schema["properties"][name];
    assert_eq!(
        property("name"),
        &json!({ "type": "string", "maxLength": 10, "minLength": 1, "pattern": r"\S" })
    );
    assert_eq!(
        property("count"),
        &json!({ "type": ["integer", "null"], "format": "int64", "minimum": 0, "maximum": 9 })
    );
    assert_eq!(property("on"), &json!({ "type": ["boolean", "null"] }));
    assert_eq!(property("items")["type"], json!(["array", "null"]));
    assert_eq!(property("items")["items"]["additionalProperties"], false);
}

#[test]
fn a_closed_input_takes_no_other_fields_and_is_lenient_with_its_own() {
    let closed = |body: Value| Closed::read(Fields::read(&body.to_string().into()).unwrap());
    let read = closed(json!({ "count": "7", "tags": ["a"] })).unwrap();
    assert_eq!((read.count, read.tags), (Some(7), Some(vec!["a".to_owned()])));
    assert_eq!(closed(json!({})).unwrap().tags, None);
    for (body, field) in [
        (json!({ "counts": 7 }), "counts"),
        (json!({ "tags": [] }), "tags"),
        (json!({ "tags": " " }), "tags"),
        (json!({ "tags": null }), "tags"),
    ] {
        let error = closed(body).unwrap_err();
        assert_eq!(problems(&error).iter().map(|(name, _)| *name).collect::<Vec<_>>(), [field]);
    }
    let schema = schema::<Closed>();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"]["tags"]["minItems"], 1);
}

#[tokio::test]
async fn inputs_are_arguments_of_handlers() {
    let state = House::new().app.clone();
    let request = axum::extract::Request::builder()
        .uri("/?limit=7")
        .header("content-type", "application/json")
        .body(axum::body::Body::from(r#"{"name":"pen"}"#))
        .unwrap();
    let (mut parts, body) = request.into_parts();
    let InQuery(page) = InQuery::<Paging>::from_request_parts(&mut parts, &state).await.unwrap();
    let InBody(item) = InBody::<Item>::from_request(Request::from_parts(parts, body), &state).await.unwrap();
    assert_eq!((page.limit, item.name.as_str()), (7, "pen"));
}

#[test]
fn a_mistake_says_in_which_part_of_the_request_it_is() {
    let mut body = Fields::read(&json!({ "name": {} }).to_string().into()).unwrap();
    let query: Fields = [("quantity".to_owned(), "many".to_owned())].into_iter().collect();
    assert!(body.beside::<Item>(query.of_query()).is_none());
    let _ = Item::open(&mut body);
    let all = body.finish().unwrap_err();
    let places = all.violations.iter().map(|one| (one.path.as_str(), one.message.as_str(), one.part));
    assert_eq!(
        places.collect::<Vec<_>>(),
        [
            ("name", "is required", RequestPart::Query),
            ("name", "must be text", RequestPart::Body),
            ("quantity", "must be a whole number, 0 or more", RequestPart::Query),
        ]
    );
}
