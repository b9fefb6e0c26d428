//! How each debt comes about.

use super::*;

async fn made(house: &TestApp, path: &str, body: Value) -> u64 {
    let made = house.acme.post(path, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.id()
}

/// A decision that n8n, which is down, has not heard.
async fn undelivered(house: &TestApp, path: &str, kind: &str, more: Value) {
    let installation = house.register(&house.acme).await;
    let mut body = json!({
        "installation_id": installation, "workflow_id": "wf1", "execution_id": EXECUTION.to_string(),
        "human_interaction": true, "resume_url": format!("{N8N}/webhook-waiting/7?signature=token-7"),
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let id = made(house, path, body).await;
    house.n8n.waits(EXECUTION, "wf1", id);
    house.n8n.set_down(true);
    let body = json!({ "entity_id": id, "entity_type": kind });
    let decided = house.acme.post("/automation/approve", body).await;
    assert_eq!(decided.json["resume_state"], "pending", "{decided:?}");
    house.n8n.set_down(false);
}

pub async fn a_payload(house: &TestApp) {
    undelivered(house, "/automation/payload/create", "custom_payload", json!({ "title": "Report" })).await;
}

pub async fn a_lead(house: &TestApp) {
    let lead = json!({ "first_name": "Jane", "last_name": "Doe", "email": "jane@example.com" });
    undelivered(house, "/api/leads", "lead", lead).await;
}

pub async fn a_media_item(house: &TestApp) {
    let media = json!({ "title": "Logo", "media_type": "image", "collection_name": "Brand" });
    undelivered(house, "/automation/media/create", "media_item", media).await;
}

pub async fn an_invoice(house: &TestApp) {
    let invoice = json!({ "invoice_number": "INV-1", "amount": 5000 });
    undelivered(house, "/api/invoices", "invoice", invoice).await;
}

/// The one entity that there is goes, and its debt stays.
async fn goes(house: &TestApp, path: &str, rows: &str) {
    let list = house.acme.get(&format!("{path}/list")).await.json;
    gone(house, &format!("{path}/{}", list[rows][0]["id"])).await;
}

pub async fn a_deleted_payload(house: &TestApp) {
    a_payload(house).await;
    goes(house, "/api/payloads", "payloads").await;
}

pub async fn a_deleted_lead(house: &TestApp) {
    a_lead(house).await;
    goes(house, "/api/leads", "leads").await;
}

pub async fn a_run(house: &TestApp) {
    let at = Trigger.set_up(house).await;
    assert_eq!(Trigger.act(house, &at).await.status, 200);
}

pub async fn a_listing(house: &TestApp) {
    house.n8n.set_down(true);
    Register.set_up(house).await;
    assert_eq!(Register.act(house, &Value::Null).await.status, 201);
    house.n8n.set_down(false);
}

/// A partition that nobody reads any more, and the chore as the deletion of a long chat leaves it.
pub async fn purge(house: &TestApp) {
    let (store, tenant, now) = (&*house.app.store, house.acme.key.tenant, house.app.now());
    for n in 0..3 {
        store.write(Write::put(Key::of(tenant, "chat#7", n.to_string()), Attrs::new())).await.unwrap();
    }
    let chores = Chores::new(store, tenant);
    let chore = Chore::new(house.app.id(), What::Purge { partition: "chat#7".into() }, now);
    store.write(chores.insert(&chore, now).unwrap()).await.unwrap();
    house.app.hint(&Task::new(TaskKind::Chore, &chores.key(chore.id), "test"), now).await;
}

pub async fn unfile_media(house: &TestApp) {
    for n in 0..3 {
        let body = json!({ "title": n.to_string(), "media_type": "file", "collection_name": "Summer" });
        made(house, "/api/media", body).await;
    }
    let collections = house.acme.get("/api/collections").await;
    gone(house, &format!("/api/collections/{}", collections.json["collections"][0]["id"])).await;
}

pub async fn enrich_media(house: &TestApp) {
    house.network.host("https://vimeo.com", |_| {
        let body = json!({ "duration": 62, "width": 1920, "height": 1080 }).to_string();
        Ok(OutReply { status: 200, headers: Default::default(), body: body.into() })
    });
    let url = "https://vimeo.com/76979871";
    made(house, "/api/media", json!({ "title": "Clip", "media_type": "video", "url": url })).await;
}

/// Three leads, each with something of its own.
async fn leads(house: &TestApp, own: Value) {
    for name in ["Ada", "Ben", "Eve"] {
        let mut body =
            json!({ "first_name": name, "last_name": "Doe", "email": format!("{name}@example.com") });
        body.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        made(house, "/api/leads", body).await;
    }
}

pub async fn move_leads(house: &TestApp) {
    let status = made(house, "/api/lead-statuses", json!({ "label": "On hold" })).await;
    leads(house, json!({ "status": "On hold" })).await;
    gone(house, &format!("/api/lead-statuses/{status}")).await;
}

pub async fn forget_field(house: &TestApp) {
    let body = json!({ "label": "Region", "field_type": "text" });
    let field = made(house, "/api/lead-custom-fields", body).await;
    leads(house, json!({ "region": "EMEA" })).await;
    let deleted = house.acme.get("/api/leads/list").await.json["leads"][0]["id"].clone();
    gone(house, &format!("/api/leads/{deleted}")).await;
    gone(house, &format!("/api/lead-custom-fields/{field}")).await;
}

async fn pushed(house: &TestApp, status: &str) -> u64 {
    let installation = house.register(&house.acme).await;
    let push = json!({
        "installation_id": installation, "workflow_id": "wf1",
        "execution_data": { "id": "8", "status": status, "startedAt": "2025-01-21T10:30:00Z" },
    });
    assert_eq!(house.acme.post("/api/push/executions", push).await.status, 200);
    installation
}

pub async fn watch_workflows(house: &TestApp) {
    pushed(house, "error").await;
    made(house, "/api/alerts", json!({ "kind": "failing", "failures": 1 })).await;
}

pub async fn a_silent_workflow(house: &TestApp) {
    let installation = house.register(&house.acme).await;
    house.n8n.add_workflow("wf1", "Report", "report");
    made(house, "/api/alerts", json!({ "kind": "silent", "after_minutes": 5 })).await;
    pushed(house, "success").await;
    house.advance(Duration::from_secs(300));
    let nid =
        n8n_workflow::nid(house.acme.key.tenant, InstallationId::from_u64(installation).unwrap(), "wf1");
    let key = house.app.repos(house.acme.key.tenant).alerts().vitals_key(nid);
    house.app.hint(&Task::new(TaskKind::WatchWorkflow, &key, "test"), house.app.now()).await;
}

/// A file of a form that no media item took: its request died.
pub async fn drop_upload(house: &TestApp) {
    let file = json!({ "file_name": "a.txt", "bytes": 2 });
    let id = made_upload(house, file).await;
    house.advance(Duration::from_secs(3600));
    chore_about(house, id).await;
}

async fn made_upload(house: &TestApp, body: Value) -> u64 {
    let answer = house.acme.post("/api/media/uploads", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let path = answer.json["url"].as_str().unwrap().strip_prefix("https://baton.example.com").unwrap();
    assert_eq!(house.acme.bare(Method::PUT, path, Some(json!(42)), &[]).await.status, 200);
    answer.json["upload_id"].as_u64().unwrap()
}

/// Hands over the chore about something.
async fn chore_about(house: &TestApp, id: u64) {
    let about = |item: &dump::StoredItem| item.pk.ends_with("#chore") && item.body.contains(&id.to_string());
    let item = dump::items(&house.file).await.unwrap().into_iter().find(about).unwrap();
    let key = Key::from_parts(&item.pk, &item.sk);
    house.app.hint(&Task::new(TaskKind::Chore, &key, "test"), house.app.now()).await;
}

pub async fn delete_file(house: &TestApp) {
    let id = made_upload(house, json!({ "file_name": "a.txt", "bytes": 2 })).await;
    let body = json!({ "title": "Text", "media_type": "file", "upload_id": id });
    let item = made(house, "/api/media", body).await;
    // Nothing can come to its address any more, which would be looked for later.
    house.advance(Duration::from_secs(1801));
    gone(house, &format!("/api/media/{item}")).await;
}

pub async fn forget_installation(house: &TestApp) {
    house.n8n.add_workflow("wf1", "Report", "report");
    let installation = house.register(&house.acme).await;
    let push = json!({
        "installation_id": installation, "workflow_id": "wf1", "execution_data": { "id": "8", "status": "success" },
    });
    assert_eq!(house.acme.post("/api/push/executions", push).await.status, 200);
    gone(house, &format!("/api/installs/{installation}")).await;
    // It waits until nothing is under way any more.
    house.advance(Duration::from_secs(60));
}

async fn used(house: &TestApp, model: &str) {
    let body = json!({
        "n8n_base_url": N8N, "workflow_id": "wf1", "execution_id": "9", "model_id": model,
        "input_tokens": 1000, "output_tokens": 10,
    });
    let posted = house.acme.post("/api/token-usage", body).await;
    assert_eq!(posted.status, 201, "{posted:?}");
}

async fn chore(house: &TestApp, what: What) {
    let (store, tenant, now) = (&*house.app.store, house.acme.key.tenant, house.app.now());
    let chores = Chores::new(store, tenant);
    let chore = Chore::new(house.app.id(), what, now);
    store.write(chores.insert(&chore, now).unwrap()).await.unwrap();
    house.app.hint(&Task::new(TaskKind::Chore, &chores.key(chore.id), "test"), now).await;
}

/// Two records without a price, and the price.
pub async fn reprice(house: &TestApp) {
    used(house, "our-own").await;
    used(house, "our-own").await;
    let price = json!({ "model_id": "our-own", "input_per_million": 1, "output_per_million": 2 });
    assert_eq!(house.acme.put("/api/model-prices", price).await.status, 200);
    chore(house, What::Reprice { from: None, version: PRICE_VERSION.into() }).await;
}

/// A budget that is spent.
pub async fn check_budgets(house: &TestApp) {
    made(house, "/api/budgets", json!({ "period": "month", "amount": 0.01 })).await;
    used(house, "gpt-4").await;
    chore(house, What::CheckBudgets).await;
}

/// A lead and a media item of when there was one client group.
pub async fn list_by_group(house: &TestApp) {
    leads(house, json!({ "lead_source": "Fair" })).await;
    made(house, "/api/media", json!({ "title": "Logo", "media_type": "image" })).await;
    assert_eq!(house.acme.post("/api/groups", json!({ "name": "Northwind" })).await.status, 201);
    house.advance(Duration::from_secs(60));
    chore(house, What::ListByGroup).await;
    house.advance(Duration::from_secs(60));
}

/// A record that was posted by who saw the execution before it was pushed, and says more than the push.
pub async fn settle_usage(house: &TestApp) {
    let installation = house.register(&house.acme).await;
    let body = json!({
        "installation_id": installation, "workflow_id": "wf1", "execution_data": harness::stories::execution_data(),
    });
    assert_eq!(house.acme.post("/api/push/executions", body).await.json["metered"], 1);
    let (store, tenant) = (&*house.app.store, house.acme.key.tenant);
    let log = house.app.repos(tenant).usage("wf1");
    let pushed = log.of_execution("9").await.unwrap().remove(0);
    let posted =
        Usage { id: house.app.id(), source: Source::Posted, of_push: None, input_tokens: 5_000, ..pushed };
    store::apply(store, log.post(&posted).unwrap()).await.unwrap();
    let what = What::SettleUsage { workflow_id: "wf1".into(), execution_id: "9".into() };
    chore(house, what).await;
}

async fn gone(house: &TestApp, path: &str) {
    let deleted = house.acme.delete(path).await;
    assert_eq!(deleted.status, 200, "{deleted:?}");
}
