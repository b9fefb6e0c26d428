//! The command line.

use std::{
    io::{self, BufRead, Read},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use shared::{
    accounts::NewUser,
    app::{App, SharedApp},
    clock,
    config::{LocalSettings, ProcessEnv},
    domain::{
        dialect::Letter,
        email,
        org::{Role, User},
        plan::Plan,
    },
    ids::GroupId,
    ops::{
        account,
        team::{self, MemberPatch},
    },
    repo::orgs,
};
use zeroize::Zeroizing;

use crate::{
    estate::{self, DeleteArgs, ExportArgs, RestoreArgs, TableCommand},
    groups::{self, GroupCommand},
    house,
    keys::{self, KeyCommand},
    logging, say, serve, welcome,
};

/// Threads that are at something when everything else has ended have so long.
const GRACE: Duration = Duration::from_millis(500);

const SETTINGS: &str = "\
Settings (environment):
  BATON_ADDR            address to listen on                       127.0.0.1:8080
  BATON_DATA_DIR        where everything is kept                   ./.baton
  BATON_LOG             what to log (tracing directives)           info
  BATON_LOG_FORMAT      auto, text or json                         auto: text on a terminal
  BATON_PUBLIC_URL      where n8n reaches this server              http://BATON_ADDR
  BATON_EGRESS_ALLOW    private networks that may be called        none beside loopback
  BATON_TRUSTED_PROXIES proxies that say who called (networks)     none
  BATON_CORS_ORIGINS    origins of pages that may call, or *       none
  BATON_DIALECT_HOSTS   domains that speak one dialect (b.x=b,…)   none
  BATON_TRIGGER_LIMIT   trigger requests a minute and key          60
  BATON_TRIGGERS_AT_ONCE triggers that wait for n8n, of one org    any number
  BATON_POLL_LIMIT      poll requests a minute and key             60
  BATON_TENANT_RATE     requests a second and organization         none
  BATON_KEEP_USAGE_DAYS days that records of usage are kept        400; 0 for ever
  BATON_KEEP_RUNS_DAYS  days that runs are kept                    90
  BATON_KEEP_PUSHES_DAYS days that pushes are kept                 30
  BATON_KEEP_DELETED_LEADS_DAYS that a lead was deleted, days      30
  BATON_DEFAULT_PLAN    plan of organizations without one          business
  BATON_MAX_BODY_BYTES  largest request body                       6291456";

/// The back office behind n8n.
#[derive(Debug, Parser)]
#[command(name = "baton", version, about, after_help = SETTINGS)]
struct Cli {
    /// Machine-readable output.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API and do the background work (the default).
    #[command(after_help = SETTINGS)]
    Serve,
    /// Organizations.
    #[command(subcommand)]
    Org(OrgCommand),
    /// Users of an organization.
    #[command(subcommand)]
    User(UserCommand),
    /// API keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Client groups.
    #[command(subcommand)]
    Group(GroupCommand),
    /// Bring back what an organization had in another table, such as one that was restored to an earlier time.
    Restore(RestoreArgs),
    /// The table of a stack.
    #[command(subcommand)]
    Table(TableCommand),
    /// The key file that seals stored secrets.
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Print the API document that the code makes.
    Openapi {
        /// The dialect: a, b, c, d or e.
        #[arg(default_value = "a")]
        dialect: Letter,
    },
}

#[derive(Debug, Subcommand)]
enum SecretCommand {
    /// Make another key file where the old one is lost for good. What that one sealed never opens again.
    New,
}

#[derive(Debug, Subcommand)]
enum OrgCommand {
    /// Create an organization with its admin and an API key. Works beside a running server.
    Create {
        /// Name of the organization.
        name: String,
        /// E-mail address of its admin, also the user name.
        #[arg(long)]
        admin_email: String,
        /// At least eight characters; this or --password-stdin is needed. Others on this machine may see it: --password-stdin keeps
        /// it from them.
        #[arg(long, required_unless_present = "password_stdin", conflicts_with = "password_stdin")]
        admin_password: Option<String>,
        #[command(flatten)]
        stdin: FromStdin,
        /// free, starter, pro, business or unlimited: how many requests of dialect B it may send. The one that
        /// BATON_DEFAULT_PLAN names when left out.
        #[arg(long)]
        plan: Option<Plan>,
    },
    /// Give an organization another plan. A running server follows within a minute.
    Plan {
        #[command(flatten)]
        owner: Owner,
        /// free, starter, pro, business or unlimited.
        plan: Plan,
    },
    /// Write everything that an organization has into a folder, as lines of JSON, without secrets.
    Export(ExportArgs),
    /// Delete an organization for good, with everything that it has.
    Delete(DeleteArgs),
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Create a user. An API key waits for the user to log in and copy it.
    Create {
        #[command(flatten)]
        owner: Owner,
        /// E-mail address, also the user name.
        #[arg(long, value_name = "EMAIL")]
        email: String,
        /// admin, editor, viewer or approver.
        #[arg(long)]
        role: Role,
        /// A client group that the user is bound to: of any other he sees and changes nothing. May be repeated.
        #[arg(long = "group", value_name = "ID", value_parser = keys::group)]
        groups: Vec<GroupId>,
        /// At least eight characters; made up and shown once when left out.
        #[arg(long, conflicts_with = "password_stdin")]
        password: Option<String>,
        #[command(flatten)]
        stdin: FromStdin,
    },
    /// Make a way for a user to choose another password: good once, for an hour. The old one works until then.
    Reset {
        /// E-mail address of the user.
        #[arg(long, value_name = "EMAIL")]
        email: String,
    },
    /// Take a user's second factor away, for whoever has lost the app and the recovery codes. Every session of the user ends.
    ForgetSecondFactor {
        /// E-mail address of the user.
        #[arg(long, value_name = "EMAIL")]
        email: String,
    },
    /// Give a user another password. Every session of the user ends.
    Password {
        /// E-mail address of the user.
        #[arg(long, value_name = "EMAIL")]
        email: String,
        /// At least eight characters; made up and shown once when left out.
        #[arg(long, conflicts_with = "password_stdin")]
        password: Option<String>,
        #[command(flatten)]
        stdin: FromStdin,
    },
}

#[derive(Debug, Args)]
struct FromStdin {
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

impl FromStdin {
    /// The password that was given one way or the other.
    fn or(&self, given: Option<String>) -> anyhow::Result<Option<SecretString>> {
        if !self.password_stdin {
            return Ok(given.map(SecretString::from));
        }
        let mut line = Zeroizing::new(String::new());
        // More than the longest password, so that what is no password is not read to its end.
        io::stdin().lock().take(64 * 1024).read_line(&mut line).context("the password cannot be read")?;
        let password = line.trim_end_matches(['\r', '\n']);
        anyhow::ensure!(!password.is_empty(), "there is no password in the first line of standard input");
        Ok(Some(password.into()))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Owner {
    /// E-mail address of the user whose organization it is.
    #[arg(id = "owner", long = "user", value_name = "EMAIL", default_value = welcome::FIRST_ADMIN)]
    pub(crate) email: String,
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.json;
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if json => {
            say::complain(&json!({ "error": format!("{error:#}") }).to_string());
            ExitCode::FAILURE
        }
        Err(error) => {
            say::complain(&format!("baton: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start(cli: Cli) -> anyhow::Result<()> {
    let settings = LocalSettings::read(&ProcessEnv)?;
    let runtime = tokio::runtime::Runtime::new()?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => {
            logging::start(&settings)?;
            let served = runtime.block_on(serve::run(&settings, cli.json));
            // What hangs in a thread of its own, such as a look-up of a name, is not waited for.
            runtime.shutdown_timeout(GRACE);
            served
        }
        Command::Openapi { dialect } => say::verbatim(&(crate::api_document(dialect) + "\n")),
        Command::Secret(SecretCommand::New) => {
            let path = house::new_key(&settings)?;
            match cli.json {
                true => say::json(&json!({ "key_file": path })),
                false => say::line(format!(
                    "{} is made. Register each n8n again, with its API key.",
                    path.display()
                )),
            }
        }
        Command::Restore(args) => runtime.block_on(estate::restore(&settings, args, cli.json)),
        Command::Table(command) => runtime.block_on(estate::protect(command, cli.json)),
        Command::Org(command) => runtime.block_on(org(&settings, command, cli.json)),
        Command::User(command) => runtime.block_on(user_command(&settings, command, cli.json)),
        Command::Group(command) => runtime.block_on(groups::run(&settings, command, cli.json)),
        Command::Key(command) => runtime.block_on(keys::run(&settings, command, cli.json)),
    }
}

async fn org(settings: &LocalSettings, command: OrgCommand, json: bool) -> anyhow::Result<()> {
    let (name, admin_email, admin_password, stdin, plan) = match command {
        OrgCommand::Create { name, admin_email, admin_password, stdin, plan } => {
            (name, admin_email, admin_password, stdin, plan)
        }
        OrgCommand::Plan { owner, plan } => return set_plan(settings, &owner, plan, json).await,
        OrgCommand::Export(args) => return estate::export(settings, args, json).await,
        OrgCommand::Delete(args) => return estate::delete(settings, args, json).await,
    };
    let password = stdin.or(admin_password)?.context("--admin-password or --password-stdin is needed")?;
    let app = house::accounts(settings).await?;
    let accounts = app.accounts();
    let made = accounts.create_organization_on(plan, &name, &admin_email, &password).await.map_err(plain)?;
    welcome::mark(&app).await?;
    let (id, key, email) = (made.organization.id.0, made.api_key.expose_secret(), &made.admin.email);
    if json {
        let admin = json!({ "username": email, "email": email });
        return say::json(&json!({ "organization_id": id, "api_key": key, "admin": admin }));
    }
    say::lines([
        format!("Organization {id} ({name})"),
        format!("Admin        {email}"),
        format!("API key      {key}"),
        "The key is shown this once.".to_owned(),
    ])
}

async fn set_plan(settings: &LocalSettings, owner: &Owner, plan: Plan, json: bool) -> anyhow::Result<()> {
    let app = house::accounts(settings).await?;
    let user = user(&app, "--user", &owner.email).await?;
    let (_, act) = keys::acting(&app, &user, "baton-org").await?;
    let account = account::set_plan(&act, plan).await.map_err(plain)?;
    let (id, name) = (account.organization.id.0, &account.organization.name);
    if json {
        say::json(&json!({ "organization_id": id, "plan": plan.as_str() }))
    } else {
        say::line(format!("Organization {id} ({name}) is on the plan {}", plan.as_str()))
    }
}

async fn user_command(settings: &LocalSettings, command: UserCommand, json: bool) -> anyhow::Result<()> {
    let app = &house::accounts(settings).await?;
    let (made, password, what) = match command {
        UserCommand::Reset { email } => return reset(app, &email, json).await,
        UserCommand::ForgetSecondFactor { email } => {
            let user = user(app, "--email", &email).await?;
            let (by, act) = keys::acting(app, &user, "baton-user").await?;
            let patch = MemberPatch { forget_second_factor: true, ..MemberPatch::default() };
            let user = team::update(&act, &by, user.id, patch).await.map_err(plain)?;
            (user, None, "logs in with the password alone now")
        }
        UserCommand::Create { owner, email, role, groups, password, stdin } => {
            let password = stdin.or(password)?;
            let owner = user(app, "--user", &owner.email).await?;
            let (password, shown) = given_or_made(app, password);
            let wish = NewUser { email, role, password };
            let made = app.accounts().create_bound_user(Some(&owner), owner.tenant, wish, groups).await;
            (made.map_err(plain)?, shown, "created")
        }
        UserCommand::Password { email, password, stdin } => {
            let password = stdin.or(password)?;
            let user = user(app, "--email", &email).await?;
            let (password, shown) = given_or_made(app, password);
            app.accounts().reset_password(&user, &password).await.map_err(plain)?;
            (user, shown, "has another password")
        }
    };
    if json {
        let mut shown = json!({ "id": made.id, "username": made.email, "role": made.role });
        if let Some(password) = password {
            shown["password"] = password.expose_secret().into();
        }
        return say::json(&shown);
    }
    say::line(format!("User {} ({}) {what}", made.email, made.role.as_str()))?;
    match password {
        Some(password) => {
            say::lines([&format!("Password {}", password.expose_secret()), "It is shown this once."])
        }
        None => Ok(()),
    }
}

/// Shows a way to another password, once.
async fn reset(app: &SharedApp, email: &str, json: bool) -> anyhow::Result<()> {
    let user = user(app, "--email", email).await?;
    let (by, act) = crate::keys::acting(app, &user, "baton-user").await?;
    let made = team::reset_password(&act, &by, user.id).await.map_err(plain)?;
    let (token, ends) = (made.text.expose_secret(), clock::iso(made.ticket.expires_at));
    let link = app.settings.public_url.as_deref().map(|base| made.link(base));
    if json {
        let (id, username) = (user.id, &user.email);
        return say::json(
            &json!({ "id": id, "username": username, "token": token, "url": link, "expires_at": ends }),
        );
    }
    say::lines([
        link.map_or_else(|| format!("Token {token}"), |link| format!("Link  {link}")),
        format!("Good until {ends}, once. It is shown this once: hand it on to {}.", user.email),
    ])
}

/// The password that the operator chose, or a new one that has to be shown.
fn given_or_made(app: &App, password: Option<SecretString>) -> (SecretString, Option<SecretString>) {
    match password {
        Some(password) => (password, None),
        None => {
            let made = SecretString::from(app.ids.secret(20));
            (made.clone(), Some(made))
        }
    }
}

/// The user whom a command names with this option.
pub(crate) async fn user(app: &App, option: &str, email: &str) -> anyhow::Result<User> {
    let address = email::normal(email).with_context(|| format!("{email:?} is not an e-mail address"))?;
    let found = orgs::user_by_email(&*app.store, &address).await?;
    found.with_context(|| {
        format!("there is no user {address}; name one with {option}, or make one with: baton org create")
    })
}

/// The message for people, without the code.
pub(crate) fn plain(error: shared::error::Error) -> anyhow::Error {
    anyhow::anyhow!(error.into_message())
}
