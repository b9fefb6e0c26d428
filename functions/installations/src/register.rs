use secrecy::SecretString;
use serde::Serialize;
use shared::{
    domain::installation::{Installation, base_url},
    egress::{OutError, parse_url},
    error::{LogFailure, Result},
    http::{
        ctx::{Ctx, Refused},
        fields::Fields,
        reply::Reply,
    },
    ids::Id,
    n8n::client::Turn,
    work::listing,
};
use utoipa::ToSchema;

/// An n8n instance.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `Input` reads leniently")]
pub struct RegisterInstallation {
    /// Your own name for the instance. Registering the same name again updates it.
    #[schema(max_length = 200, example = "my-n8n-001")]
    instance_id: String,
    /// Base URL of n8n.
    #[schema(format = "uri", max_length = 500, example = "https://n8n.yourdomain.com")]
    host: String,
    /// n8n API key, to list workflows, follow executions and resume them. It is encrypted and never returned. Without
    /// spaces and control characters.
    #[schema(max_length = 2000, example = "n8n-api-key-here")]
    api_key: String,
    #[schema(max_length = 200, example = "Production n8n")]
    title: String,
    /// n8n's `WEBHOOK_URL`, when webhooks and resume URLs lie on another origin than `host`.
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
}

struct Input {
    instance_id: String,
    host: String,
    webhook_url: Option<String>,
    api_key: SecretString,
    title: String,
}

/// Registers an n8n instance, or updates it: 201 the first time, 200 with the same id after that.
///
/// Its workflows are listed through n8n's API, at once if n8n answers and later otherwise.
#[utoipa::path(post, path = "/api/installs/register", operation_id = "register_installation", tag = "installations",
    request_body = RegisterInstallation, responses(
        (status = 201, description = "Registered.", body = Registered),
        (status = 200, description = "Updated.", body = Registered)))]
pub async fn handler(ctx: Ctx, fields: Fields) -> Result<Reply> {
    let input = read(&ctx, fields).await?;
    loop {
        let known = ctx.installations().by_instance(&input.instance_id).await?;
        let (new, committed) = match known {
            Some(old) => update(&ctx, &input, old).await?,
            None => create(&ctx, &input).await?,
        };
        match committed {
            Ok(reply) if reply.replayed => return Ok(reply),
            Ok(reply) => {
                ctx.installed().forget(new.id);
                let turn = Turn::urgent(ctx.deadline());
                let listed = listing::run(&ctx.app, ctx.tenant(), new, &ctx.request_id, turn).await;
                listed.log_failure("the listing will be repeated");
                return Ok(reply);
            }
            // Registered or changed by somebody else at the same moment: look again.
            Err(Refused::Write(..)) => {}
            Err(Refused::Error(error)) => return Err(error),
        }
    }
}

type Committed = Result<Reply, Refused>;

async fn create(ctx: &Ctx, input: &Input) -> Result<(Installation, Committed)> {
    let id = ctx.app.id();
    let new = Installation {
        id,
        instance_id: input.instance_id.clone(),
        host: input.host.clone(),
        webhook_url: input.webhook_url.clone(),
        title: input.title.clone(),
        sealed_api_key: seal(ctx, id, 1, input).await?,
        key_version: 1,
        group_id: ctx.caller.group_id,
        created_at: ctx.now,
        changed_at: ctx.now,
        listing_error: None,
        listing_attempts: 0,
        api_key_health: None,
        seen_at: None,
        v: 1,
    };
    let writes = ctx.installations().insert(&new, listing::first_due(ctx.now))?;
    let message = "Installation registered successfully.";
    let reply = Reply::created(&Registered { success: true, installation_id: id, message })?;
    let committed = ctx.commit(writes, reply).await;
    Ok((new, committed))
}

async fn update(ctx: &Ctx, input: &Input, old: Installation) -> Result<(Installation, Committed)> {
    let key_version = old.key_version + 1;
    let new = Installation {
        host: input.host.clone(),
        webhook_url: input.webhook_url.clone(),
        title: input.title.clone(),
        sealed_api_key: seal(ctx, old.id, key_version, input).await?,
        key_version,
        changed_at: ctx.now,
        listing_error: None,
        listing_attempts: 0,
        api_key_health: None,
        v: old.v + 1,
        ..old.clone()
    };
    let writes = ctx.installations().replace(&old, &new, Some(listing::first_due(ctx.now)))?;
    let message = "Installation updated successfully.";
    let reply = Reply::ok(&Registered { success: true, installation_id: old.id, message })?;
    let committed = ctx.commit(writes, reply).await;
    Ok((new, committed))
}

async fn seal(ctx: &Ctx, id: Id, version: u64, input: &Input) -> Result<String> {
    Ok(ctx.app.sealer.seal(ctx.tenant(), &Installation::record_of(id, version), &input.api_key).await?)
}

async fn read(ctx: &Ctx, mut fields: Fields) -> Result<Input> {
    let instance_id = fields.required_foreign_id("instance_id", 200);
    let host = fields.required_text("host", 500);
    let api_key = fields.required_text("api_key", 2000);
    let title = fields.required_text("title", 200);
    let webhook_url = fields.text("webhook_url", 500);
    if !api_key.bytes().all(|byte| byte.is_ascii_graphic()) {
        fields.refuse("api_key", "must not hold spaces or control characters");
    }
    let host = checked(ctx, &mut fields, "host", &host).await;
    let webhook_url = match webhook_url {
        Some(text) => Some(checked(ctx, &mut fields, "webhook_url", &text).await),
        None => None,
    };
    fields.finish()?;
    Ok(Input { instance_id, host, webhook_url, api_key: api_key.into(), title })
}

/// A base URL that Baton may call. What is missing was named already.
async fn checked(ctx: &Ctx, fields: &mut Fields, name: &str, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let base = match base_url(text) {
        Ok(base) => base,
        Err(problem) => {
            fields.refuse(name, problem);
            return String::new();
        }
    };
    let verdict = match parse_url(&base) {
        Ok(url) => ctx.app.http.check(&url).await,
        Err(error) => Err(error),
    };
    match verdict {
        Ok(()) => {}
        Err(error @ OutError::Refused(_)) => fields.refuse(name, error.to_string()),
        Err(error) => fields.refuse(name, format!("cannot be looked up: {error}")),
    }
    base
}
