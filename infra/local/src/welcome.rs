//! What the first start makes and says, and what later ones say.

use std::net::SocketAddr;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use shared::{
    app::App,
    config::LocalSettings,
    error::ErrorKind,
    store::{Attrs, Global, Key, Write},
};

use crate::say;

/// The admin that the first start creates.
pub const FIRST_ADMIN: &str = "admin@baton.localhost";
const FIRST_ORG: &str = "My organization";

/// Greets the operator. On a fresh data directory it creates an organization with its admin and API key first.
pub async fn greet(app: &App, settings: &LocalSettings, addr: SocketAddr, json: bool) -> anyhow::Result<()> {
    let base = format!("http://{addr}");
    let data = settings.data_dir.display().to_string();
    if app.store.get(&marker()).await?.is_some() {
        if json {
            return say::json(&json!({ "address": base, "docs": format!("{base}/docs"), "data_dir": data }));
        }
        let version = env!("CARGO_PKG_VERSION");
        return say::line(format!("Baton {version} on {base} (docs: {base}/docs). Data: {data}"));
    }
    let password: SecretString = app.ids.secret(20).into();
    match app.accounts().create_organization(FIRST_ORG, FIRST_ADMIN, &password).await {
        Ok(made) => {
            mark(app).await?;
            let key = made.api_key.expose_secret();
            if json {
                say::json(&json!({
                    "address": base, "docs": format!("{base}/docs"), "data_dir": data,
                    "organization_id": made.organization.id.0, "api_key": key,
                    "admin": { "username": FIRST_ADMIN, "email": FIRST_ADMIN, "password": password.expose_secret() },
                }))
            } else {
                say::verbatim(&first_words(
                    &base,
                    &data,
                    made.organization.id.0,
                    key,
                    password.expose_secret(),
                ))
            }
        }
        // An earlier start created it and died before it could say so. Its key was never shown; another is one command away.
        Err(error) if error.kind == ErrorKind::Conflict => {
            mark(app).await?;
            say::line(format!(
                "Baton on {base} (docs: {base}/docs). Data: {data}. Make an API key with: baton key create"
            ))
        }
        Err(error) => Err(error.into()),
    }
}

/// Remembers that this data directory has an organization.
pub async fn mark(app: &App) -> anyhow::Result<()> {
    app.store.write(Write::put(marker(), Attrs::new())).await?;
    Ok(())
}

fn marker() -> Key {
    Key::global(Global::Setup, "first-start")
}

fn first_words(base: &str, data: &str, org: u64, key: &str, password: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        r#"
Baton {version} is ready: {base}
  API reference   {base}/docs
  Data            {data}
  Organization    {org} ("{FIRST_ORG}")
  Admin           {FIRST_ADMIN}   password {password}
  API key         {key}
Key and password are shown this once. `baton key create` makes another key.

Try it, in another terminal:

  curl -s {base}/api/token-usage -H 'X-API-Key: {key}' -H 'Content-Type: application/json' \
    -d '{{"n8n_base_url":"https://n8n.example.com","workflow_id":"demo","execution_id":"1","model_id":"gpt-4","input_tokens":399,"output_tokens":288}}'

  curl -s {base}/automation/payload/create -H 'X-API-Key: {key}' -H 'Content-Type: application/json' \
    -d '{{"title":"Monthly SEO Report","task_type":"seo-report","payload":{{"domain":"example.com","backlinks":342}}}}'

  curl -s {base}/automation/approve -H 'X-API-Key: {key}' -H 'Content-Type: application/json' \
    -d '{{"entity_type":"custom_payload","entity_id":PASTE_THE_ID_FROM_ABOVE,"notes":"Looks good."}}'

"#
    )
}
