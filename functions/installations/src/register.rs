use serde::Serialize;
use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        fields::Fields,
        reply::{Reply, Warning},
    },
    ids::Id,
    ops::{
        act::Act,
        installations::{self, ApiHealth, Registration, base_url},
    },
};
use utoipa::ToSchema;

/// An n8n instance.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `read` reads leniently")]
pub struct RegisterInstallation {
    /// Your own name for the instance. Registering the same name again updates it.
    #[schema(max_length = 200, example = "my-n8n-001")]
    instance_id: String,
    /// Base URL of n8n, with the path below which it is served, if any. The address of its API (`…/api/v1`) or of a page of
    /// its editor is cut to it, and `warnings` says so.
    #[schema(format = "uri", max_length = 500, example = "https://n8n.yourdomain.com")]
    host: String,
    /// n8n API key, to list workflows, follow executions and resume them. It is encrypted and never returned. Without
    /// spaces and control characters.
    #[schema(max_length = 2000, example = "n8n-api-key-here")]
    api_key: String,
    #[schema(max_length = 200, example = "Production n8n")]
    title: String,
    /// n8n's `WEBHOOK_URL`, when webhooks and resume URLs do not lie below `host`.
    #[schema(format = "uri", max_length = 500, example = "https://hooks.yourdomain.com")]
    webhook_url: Option<String>,
}

/// The instance is registered.
#[derive(Debug, Serialize, ToSchema)]
pub struct Registered {
    success: bool,
    #[schema(value_type = u64, example = 45)]
    installation_id: Id,
    #[schema(example = "Installation registered successfully.")]
    message: &'static str,
    n8n_api: N8nApi,
    /// What else to know; absent when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// How n8n's API takes the key, asked once.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct N8nApi {
    /// True: it takes it. False: it refuses it, or what answers is not n8n's API. Null: it did not say within two seconds.
    #[schema(example = true)]
    ok: Option<bool>,
    /// Why it is not true.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Registers an n8n instance, or updates it: 201 the first time, 200 with the same id after that.
///
/// n8n is asked once how it takes the key, for two seconds at most; whatever it says is in `n8n_api`, and the instance is
/// registered. Its workflows are listed in the background.
#[utoipa::path(post, path = "/api/installs/register", operation_id = "register_installation", tag = "installations",
    request_body = RegisterInstallation, responses(
        (status = 201, description = "Registered.", body = Registered),
        (status = 200, description = "Updated.", body = Registered)))]
pub async fn handler(ctx: Ctx, fields: Fields) -> Result<Reply> {
    let registration = read(&ctx, fields).await?;
    ctx.answer(told, async |act| installations::register(act, registration).await).await
}

fn told(done: &installations::Registered) -> Result<Reply> {
    let ApiHealth { ok, error } = done.api.clone();
    let told = Registered {
        success: true,
        installation_id: done.id,
        message: match done.is_new {
            true => "Installation registered successfully.",
            false => "Installation updated successfully.",
        },
        n8n_api: N8nApi { ok, error },
        warnings: done.warnings.clone(),
    };
    if done.is_new { Reply::created(&told) } else { Reply::ok(&told) }
}

async fn read(act: &Act, mut fields: Fields) -> Result<Registration> {
    let instance_id = fields.required_foreign_id("instance_id", 200);
    let host = fields.required_text("host", 500);
    let api_key = fields.required_text("api_key", 2000);
    let title = fields.required_text("title", 200);
    let webhook_url = fields.text("webhook_url", 500);
    if !api_key.bytes().all(|byte| byte.is_ascii_graphic()) {
        fields.refuse("api_key", "must not hold spaces or control characters");
    }
    let mut warnings = Vec::new();
    let host = checked(act, &mut fields, "host", &host, &mut warnings).await;
    let webhook_url = match webhook_url {
        Some(text) => Some(checked(act, &mut fields, "webhook_url", &text, &mut warnings).await),
        None => None,
    };
    fields.finish()?;
    Ok(Registration { instance_id, host, webhook_url, api_key: api_key.into(), title, warnings })
}

/// The base URL that Baton may call. What is missing was named already.
async fn checked(
    act: &Act,
    fields: &mut Fields,
    name: &str,
    text: &str,
    warnings: &mut Vec<Warning>,
) -> String {
    if text.is_empty() {
        return String::new();
    }
    match base_url(act, text).await {
        Ok((base, cut)) => {
            if cut {
                let message =
                    format!("{name} is an address inside n8n. What is registered is its base: {base}");
                warnings.push(Warning { code: "address_cut", message });
            }
            base
        }
        Err(problem) => {
            fields.refuse(name, problem);
            String::new()
        }
    }
}
