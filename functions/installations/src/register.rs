use std::time::Duration;

use secrecy::SecretString;
use serde::Serialize;
use shared::{
    clock::{Deadline, Millis},
    domain::{
        installation::{Installation, KeyHealth, KeyState},
        n8n_host::n8n_base_url,
    },
    egress::{OutError, parse_url},
    error::Result,
    http::{
        ctx::{Ctx, Refused},
        fields::Fields,
        reply::{Reply, Warning},
    },
    ids::Id,
    n8n::client::{N8nError, Probe, Turn},
    queue::{Task, TaskKind},
};
use utoipa::ToSchema;

/// So long may n8n take to say how it takes the key: the registration stands without its word.
const PROBE: Duration = Duration::from_secs(2);

/// An n8n instance.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `Input` reads leniently")]
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

struct Input {
    instance_id: String,
    host: String,
    webhook_url: Option<String>,
    api_key: SecretString,
    title: String,
    warnings: Vec<Warning>,
}

/// What is registered, and how n8n took the key.
struct Registration {
    input: Input,
    n8n_api: N8nApi,
    api_key_health: Option<KeyHealth>,
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
    let registration = probe(&ctx, read(&ctx, fields).await?).await?;
    loop {
        let known = ctx.installations().by_instance(&registration.input.instance_id).await?;
        let (id, committed) = match known {
            Some(old) => update(&ctx, &registration, old).await?,
            None => create(&ctx, &registration).await?,
        };
        match committed {
            Ok(reply) if reply.replayed => return Ok(reply),
            Ok(reply) => {
                ctx.installed().forget(id);
                let list = Task::new(TaskKind::ListWorkflows, &ctx.installations().key(id), &ctx.cause);
                ctx.app.hint(&list, ctx.now).await;
                return Ok(reply);
            }
            // Registered or changed by somebody else at the same moment: look again.
            Err(Refused::Write(..)) => {}
            Err(refused) => return Err(refused.into()),
        }
    }
}

/// Asks n8n once.
async fn probe(ctx: &Ctx, input: Input) -> Result<Registration> {
    let turn = Turn::urgent(ctx.deadline().min(Deadline::at(ctx.app.now().plus(PROBE))));
    let n8n = ctx.app.n8n_at(&input.host, input.api_key.clone(), turn)?.patient(PROBE);
    let (ok, error) = match n8n.probe().await {
        Probe::Taken => (Some(true), None),
        Probe::Refused(error) => (Some(false), Some(error)),
        Probe::Unknown(error) => (None, Some(error)),
    };
    let state = match (ok, &error) {
        (Some(true), _) => Some(KeyState::Ok),
        (_, Some(N8nError::KeyRefused(_))) => Some(KeyState::Refused),
        _ => None,
    };
    let error = error.map(|error| match error {
        N8nError::Unreachable(OutError::Timeout) => {
            format!("n8n did not answer within {} seconds", PROBE.as_secs())
        }
        error => error.to_string(),
    });
    let api_key_health = state.map(|state| KeyHealth { state, since: ctx.now });
    Ok(Registration { input, n8n_api: N8nApi { ok, error }, api_key_health })
}

impl Registration {
    /// An n8n that judges the key was heard of.
    fn seen_at(&self) -> Option<Millis> {
        self.api_key_health.map(|health| health.since)
    }

    fn told(&self, installation_id: Id, message: &'static str) -> Registered {
        Registered {
            success: true,
            installation_id,
            message,
            n8n_api: self.n8n_api.clone(),
            warnings: self.input.warnings.clone(),
        }
    }
}

type Committed = Result<Reply, Refused>;

async fn create(ctx: &Ctx, registration: &Registration) -> Result<(Id, Committed)> {
    let (id, input) = (ctx.app.id(), &registration.input);
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
        api_key_health: registration.api_key_health,
        seen_at: registration.seen_at(),
        v: 1,
    };
    let writes = ctx.installations().insert(&new, ctx.now)?;
    let reply = Reply::created(&registration.told(id, "Installation registered successfully."))?;
    Ok((id, ctx.commit(writes, reply).await))
}

async fn update(ctx: &Ctx, registration: &Registration, old: Installation) -> Result<(Id, Committed)> {
    let (key_version, input) = (old.key_version + 1, &registration.input);
    let new = Installation {
        host: input.host.clone(),
        webhook_url: input.webhook_url.clone(),
        title: input.title.clone(),
        sealed_api_key: seal(ctx, old.id, key_version, input).await?,
        key_version,
        changed_at: ctx.now,
        listing_error: None,
        listing_attempts: 0,
        api_key_health: registration.api_key_health,
        seen_at: registration.seen_at().or(old.seen_at),
        v: old.v + 1,
        ..old.clone()
    };
    let writes = ctx.installations().replace(&old, &new, Some(ctx.now))?;
    let reply = Reply::ok(&registration.told(old.id, "Installation updated successfully."))?;
    Ok((old.id, ctx.commit(writes, reply).await))
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
    let mut warnings = Vec::new();
    let host = checked(ctx, &mut fields, "host", &host, &mut warnings).await;
    let webhook_url = match webhook_url {
        Some(text) => Some(checked(ctx, &mut fields, "webhook_url", &text, &mut warnings).await),
        None => None,
    };
    fields.finish()?;
    Ok(Input { instance_id, host, webhook_url, api_key: api_key.into(), title, warnings })
}

/// The base URL that Baton may call. What is missing was named already.
async fn checked(
    ctx: &Ctx,
    fields: &mut Fields,
    name: &str,
    text: &str,
    warnings: &mut Vec<Warning>,
) -> String {
    if text.is_empty() {
        return String::new();
    }
    let (base, cut) = match n8n_base_url(text) {
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
    if cut {
        let message = format!("{name} is an address inside n8n. What is registered is its base: {base}");
        warnings.push(Warning { code: "address_cut", message });
    }
    base
}
