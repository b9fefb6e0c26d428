use secrecy::SecretString;
use serde::Serialize;
use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        fields::{Fields, code},
        input::{Asked, BaseUrl, Field, Foreign, Schema, Secret, Text},
        reply::{Reply, Warning},
    },
    ids::{GroupId, InstallationId},
    ops::{
        act::Act,
        installations::{self, ApiHealth, Registration, base_url},
    },
};
use utoipa::ToSchema;

shared::input! {
    /// An n8n instance.
    pub struct RegisterInstallation {
        /// Your own name for the instance. Registering the same name again updates it.
        #[example("my-n8n-001")]
        instance_id: Foreign<200>,
        /// Base URL of n8n, with the path below which it is served, if any. The address of its API (`…/api/v1`) or of a page of
        /// its editor is cut to it, and `warnings` says so.
        #[example("https://n8n.yourdomain.com")]
        host: BaseUrl<500>,
        /// n8n API key, to list workflows, follow executions and resume them. It is encrypted and never returned. Without
        /// spaces and control characters.
        #[example("n8n-api-key-here")]
        api_key: N8nKey,
        #[example("Production n8n")]
        title: Text<200>,
        /// n8n's `WEBHOOK_URL`, when webhooks and resume URLs do not lie below `host`.
        #[example("https://hooks.yourdomain.com")]
        webhook_url: Option<BaseUrl<500>>,
        /// The client group that what this n8n sends lies in. Yours when left out, or the one that the instance is in already.
        #[example(1)]
        group_id: Option<GroupId>,
    }
}

/// A key that fits into a header.
struct N8nKey;

impl Field for N8nKey {
    type Value = SecretString;

    fn read(fields: &mut Fields, name: &str) -> Option<SecretString> {
        let key = fields.text(name, 2000)?;
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            fields.refuse_as(name, code::FORMAT, "must not hold spaces or control characters");
            return None;
        }
        Some(key.into())
    }

    fn schema(asked: Asked) -> Schema {
        Secret::<2000>::schema(asked)
    }
}

/// The instance is registered.
#[derive(Debug, Serialize, ToSchema)]
pub struct Registered {
    success: bool,
    #[schema(value_type = u64, example = 45)]
    installation_id: InstallationId,
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
#[utoipa::path(post, path = "/api/installs/register", operation_id = "register_installation",
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
    let mut warnings = Vec::new();
    let host = checked(act, &mut fields, "host", &mut warnings).await.unwrap_or_default();
    let webhook_url = checked(act, &mut fields, "webhook_url", &mut warnings).await;
    // Of the addresses counts what was looked up; what they are written like is told with the rest.
    let RegisterInstallation { instance_id, api_key, title, group_id, host: _, webhook_url: _ } =
        RegisterInstallation::read(fields)?;
    Ok(Registration { instance_id, host, webhook_url, api_key, title, group_id, warnings })
}

/// The base URL that Baton may call, of an address that was sent.
async fn checked(act: &Act, fields: &mut Fields, name: &str, warnings: &mut Vec<Warning>) -> Option<String> {
    let text = fields.peek::<BaseUrl<500>>(name)?;
    match base_url(act, &text).await {
        Ok((base, cut)) => {
            if cut {
                let message =
                    format!("{name} is an address inside n8n. What is registered is its base: {base}");
                warnings.push(Warning { code: "address_cut", message });
            }
            Some(base)
        }
        Err(problem) => {
            fields.refuse(name, problem);
            None
        }
    }
}
