//! `baton key …`: the operations on API keys, for whoever may read the data directory.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use clap::Subcommand;
use ipnet::IpNet;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use shared::{
    app::SharedApp,
    clock::{self, Deadline},
    config::LocalSettings,
    domain::{
        api_key::{self, ApiKey, Terms},
        dialect::Letter,
        org::User,
        principal::Principal,
        review::Actor,
    },
    http::routes,
    ids::{ApiKeyId, GroupId},
    ops::{
        act::Act,
        api_keys::{self, Created, NewApiKey},
    },
    repo::pages::{Asked, REACH},
};

use crate::{
    cli::{Owner, plain, user},
    house, say,
};

/// A command has so long for what it does outside, which is nothing.
const TIME: Duration = Duration::from_secs(60);
const NO_SUCH_ID: &str = "that is not the id of a key; see: baton key list";

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make another API key. Its text is shown once.
    Create {
        #[command(flatten)]
        owner: Owner,
        /// What to call it.
        #[arg(long, default_value = "default")]
        name: String,
        /// Days until it expires.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=i64::from(api_keys::MAX_DAYS)))]
        expires_in: Option<u32>,
        /// What it may do, such as payloads:write; all that the user's role allows when left out. May be repeated.
        #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
        scopes: Vec<String>,
        /// The dialect that it speaks on paths that several have: a, b, c, d or e; left out, that of the header it comes in.
        #[arg(long, value_name = "LETTER")]
        dialect: Option<Letter>,
        /// An address or a network (CIDR) from which it may be used; from anywhere when left out. May be repeated.
        #[arg(long = "allowed-ip", value_name = "NETWORK", value_parser = network)]
        allowed_ips: Vec<IpNet>,
        /// Requests a minute, of all routes together.
        #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u32).range(1..=i64::from(api_key::MAX_PER_MINUTE)))]
        rate_limit_per_minute: Option<u32>,
        /// Requests an hour, of all routes together.
        #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u32).range(1..=i64::from(api_key::MAX_PER_HOUR)))]
        rate_limit_per_hour: Option<u32>,
        /// The client group that what it makes belongs to.
        #[arg(long, value_name = "ID")]
        group_id: Option<String>,
        /// A client group that it is bound to: of any other it sees and changes nothing. May be repeated.
        #[arg(long = "bound-to", value_name = "ID", value_parser = group)]
        bound_to: Vec<GroupId>,
    },
    /// List the organization's keys.
    List {
        #[command(flatten)]
        owner: Owner,
    },
    /// End a key. A running server follows within a minute.
    Revoke {
        /// Id of the key, from `baton key list`.
        id: String,
        #[command(flatten)]
        owner: Owner,
    },
    /// Make a key in the place of another, which works on for a while. Its text is shown once.
    Rotate {
        /// Id of the key, from `baton key list`.
        id: String,
        /// Hours that the old key works on; with 0 it ends at once.
        #[arg(long, value_name = "HOURS", default_value_t = api_keys::OVERLAP, value_parser = clap::value_parser!(u32).range(0..=i64::from(api_keys::MAX_OVERLAP)))]
        overlap: u32,
        #[command(flatten)]
        owner: Owner,
    },
    /// Tell how often each key was used.
    Usage {
        #[command(flatten)]
        owner: Owner,
    },
}

fn scope(text: &str) -> Result<String, String> {
    let known = routes::scopes();
    let found = known.contains(&text).then(|| text.to_owned());
    found.ok_or_else(|| format!("must be one of {}", known.join(", ")))
}

pub(crate) fn group(text: &str) -> Result<GroupId, &'static str> {
    text.parse().map_err(|_| "that is not the id of a group; see: baton group list")
}

fn network(text: &str) -> Result<IpNet, &'static str> {
    api_key::network(text).ok_or("must be an IP address or a network such as 203.0.113.0/24")
}

/// Runs one of the commands.
pub(crate) async fn run(settings: &LocalSettings, command: KeyCommand, json: bool) -> anyhow::Result<()> {
    let owner = match &command {
        KeyCommand::Create { owner, .. }
        | KeyCommand::List { owner }
        | KeyCommand::Revoke { owner, .. }
        | KeyCommand::Rotate { owner, .. }
        | KeyCommand::Usage { owner } => owner,
    };
    let app = house::accounts(settings).await?;
    let user = user(&app, "--user", &owner.email).await?;
    let (by, act) = acting(&app, &user, "baton-key").await?;
    match command {
        KeyCommand::Revoke { id, .. } => revoke(&act, &id, json).await,
        KeyCommand::Rotate { id, overlap, .. } => rotate(&act, &by, &id, overlap, json).await,
        KeyCommand::List { .. } => list(&act, json).await,
        KeyCommand::Usage { .. } => usage(&act, json).await,
        create @ KeyCommand::Create { .. } => {
            let made = api_keys::create(&act, &by, wish(create)?).await.map_err(plain)?;
            show(&made, json, describe(&made.key, act.now))
        }
    }
}

/// The operator in the name of a user.
pub(crate) async fn acting(app: &SharedApp, user: &User, cause: &str) -> anyhow::Result<(Principal, Act)> {
    let by = app.accounts().operator(user).await.map_err(plain)?;
    let now = app.now();
    let act = Act {
        tenant: user.tenant,
        actor: Actor { user_id: user.id, username: user.email.clone() },
        credential: by.credential,
        admitted: None,
        group_id: by.group_id,
        reach: by.reach.clone(),
        now,
        cause: Arc::from(cause),
        deadline: Deadline::at(now.plus(TIME)),
        slot: None,
        app: app.clone(),
    };
    Ok((by, act))
}

fn wish(command: KeyCommand) -> anyhow::Result<NewApiKey> {
    let KeyCommand::Create {
        name,
        expires_in,
        scopes,
        dialect,
        allowed_ips,
        rate_limit_per_minute,
        rate_limit_per_hour,
        group_id,
        bound_to: groups,
        ..
    } = command
    else {
        anyhow::bail!("only a key that is made is wished for");
    };
    let group_id = group_id.map(|id| id.parse().ok().context("that is not the id of a group")).transpose()?;
    let terms = Terms { allowed_ips, rate_limit_per_minute, rate_limit_per_hour };
    Ok(NewApiKey { name: Some(name), expires_in, scopes, dialect, group_id, groups, terms })
}

/// Shows a key's text, once.
fn show(Created { key, text }: &Created, json: bool, mut described: Value) -> anyhow::Result<()> {
    if json {
        described["api_key"] = text.expose_secret().into();
        return say::json(&described);
    }
    let (text, id) = (text.expose_secret(), key.id);
    say::lines([&format!("API key {text}"), &format!("Id      {id}"), "The key is shown this once."])
}

async fn list(act: &Act, json: bool) -> anyhow::Result<()> {
    let mut keys = api_keys::list(act, Asked::newest(REACH)).await.map_err(plain)?.rows.found;
    // The newest where the eye is.
    keys.reverse();
    if json {
        say::json(&keys.iter().map(|key| describe(key, act.now)).collect())
    } else {
        say::lines(keys.iter().map(|key| line(key, act.now)))
    }
}

async fn revoke(act: &Act, id: &str, json: bool) -> anyhow::Result<()> {
    let id: ApiKeyId = id.parse().ok().context(NO_SUCH_ID)?;
    let revoked = api_keys::revoke(act, id).await.map_err(plain)?;
    let warning = "It was the last key of the organization that worked.";
    if json {
        let mut said = json!({ "id": id, "revoked": true });
        if revoked.was_last {
            said["warning"] = warning.into();
        }
        say::json(&said)
    } else {
        let warning = revoked.was_last.then_some(warning);
        say::lines(["Revoked. A running server follows within a minute."].into_iter().chain(warning))
    }
}

async fn rotate(act: &Act, by: &Principal, id: &str, overlap: u32, json: bool) -> anyhow::Result<()> {
    let id: ApiKeyId = id.parse().ok().context(NO_SUCH_ID)?;
    let overlap = api_keys::overlap(Some(overlap));
    let rotated = api_keys::rotate(act, by, id, overlap).await.map_err(plain)?;
    let until = rotated.old.runs_out_at().map(clock::iso);
    let mut described = describe(&rotated.new.key, act.now);
    described["replaces"] = json!({ "id": id, "expires_at": until });
    show(&rotated.new, json, described)?;
    if let Some(until) = until.filter(|_| !json) {
        match overlap.is_zero() {
            true => say::line("The old key has ended.")?,
            false => say::line(format!("The old key works until {until}."))?,
        }
    }
    Ok(())
}

async fn usage(act: &Act, json: bool) -> anyhow::Result<()> {
    let keys = api_keys::usage(act).await.map_err(plain)?.keys;
    let rows = keys.iter().map(|(key, used)| {
        let last = used.last_used_at.map(clock::iso);
        (key, used.in_24_hours(act.now), used.in_30_days(act.now), last)
    });
    if json {
        let told = rows.map(|(key, day, month, last)| {
            json!({
                "id": key.id, "name": key.name, "last4": key.last4, "requests_24h": day, "requests_30d": month,
                "last_used_at": last,
            })
        });
        return say::json(&told.collect());
    }
    say::lines(rows.map(|(key, day, month, last)| {
        let (last, name) = (last.as_deref().unwrap_or("never"), &key.name);
        format!("{}  …{}  {day:>9} in 24 h  {month:>9} in 30 d  {last:20}  {name}", key.id, key.last4)
    }))
}

fn describe(key: &ApiKey, now: clock::Millis) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "last4": key.last4,
        "status": key.status(now).as_str(),
        "username": key.username,
        "group_id": key.group_id,
        "group_ids": key.groups,
        "scopes": key.scopes,
        "dialect": key.dialect,
        "allowed_ips": key.terms.allowed_ips,
        "rate_limit_per_minute": key.terms.rate_limit_per_minute,
        "rate_limit_per_hour": key.terms.rate_limit_per_hour,
        "created_at": clock::iso(key.created_at),
        "expires_at": key.runs_out_at().map(clock::iso),
        "revoked_at": key.revoked_at.map(clock::iso),
        "replaced_by": key.retirement.map(|retirement| retirement.successor),
    })
}

fn line(key: &ApiKey, now: clock::Millis) -> String {
    let ends = match (key.revoked_at, key.runs_out_at()) {
        (None, Some(end)) if key.usable(now) => format!("  until {}", clock::iso(end)),
        _ => String::new(),
    };
    let groups: Vec<_> = key.groups.iter().map(ToString::to_string).collect();
    let bound = if groups.is_empty() { String::new() } else { format!("  bound to {}", groups.join(",")) };
    format!(
        "{}  …{}  {:8}  {}{ends}  {}  {}{bound}  {}",
        key.id,
        key.last4,
        key.status(now).as_str(),
        clock::iso(key.created_at),
        key.username,
        key.scopes.join(","),
        key.name
    )
}
