//! Settings. Its one rule: nothing else in the house reads the environment, and a wrong value stops the start with one
//! line that names it.

#[cfg(feature = "aws")]
pub mod function;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use crate::domain::{
    dialect::Letter,
    keep::{self, Keep},
    n8n_host::base_url,
    plan::Plan,
};

/// Largest request body: what Lambda takes in one synchronous invocation.
pub const MAX_BODY_BYTES: usize = 6 * 1024 * 1024;

/// The largest file, unless the operator says otherwise.
pub const MAX_FILE_BYTES: u64 = 100 * 1024 * 1024;
/// The files of an organization together, unless the operator says otherwise.
pub const MAX_FILES_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// Room for large answers of others, where nobody says how much memory there is.
const ROOM_BYTES: usize = 256 * MB;
const MB: usize = 1024 * 1024;

/// Settings of the platform, the same on a laptop and in Lambda.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Triggers a minute of one API key.
    pub trigger_limit: u32,
    /// Polls a minute of one API key.
    pub poll_limit: u32,
    /// Calls of triggers that one organization may have waiting for n8n at once. None where nobody counts them.
    pub triggers_at_once: Option<u32>,
    /// What dialect B allows an organization that was given no plan.
    pub default_plan: Plan,
    /// Requests a second of one organization, in all dialects together. None where nobody counts them.
    pub tenant_rate: Option<u32>,
    /// Proxies whose word is taken for who called them.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    pub max_body_bytes: usize,
    /// Room in memory for large answers of others, all together.
    pub room_bytes: usize,
    /// The largest file of a media item.
    pub max_file_bytes: u64,
    /// The files of an organization together.
    pub max_files_bytes: u64,
    pub keep: Keep,
    /// Origins whose pages may call the API from a browser; `*` for all.
    pub cors_origins: Vec<String>,
    /// Where n8n reaches this Baton, without a trailing slash. It is never taken from a request's `Host`.
    pub public_url: Option<String>,
    /// Custom domains that speak one dialect, in lower case and without a port.
    pub dialect_hosts: BTreeMap<String, Letter>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            trigger_limit: 60,
            poll_limit: 60,
            triggers_at_once: None,
            default_plan: Plan::Business,
            tenant_rate: None,
            trusted_proxies: Vec::new(),
            max_body_bytes: MAX_BODY_BYTES,
            room_bytes: ROOM_BYTES,
            max_file_bytes: MAX_FILE_BYTES,
            max_files_bytes: MAX_FILES_BYTES,
            keep: Keep::default(),
            cors_origins: Vec::new(),
            public_url: None,
            dialect_hosts: BTreeMap::new(),
        }
    }
}

/// A setting that cannot be used. The value is shown only where it cannot be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct BadSetting {
    pub name: &'static str,
    pub problem: String,
}

/// The environment, or a stand-in for it.
pub trait Env {
    fn get(&self, name: &'static str) -> Option<String>;

    /// The value, or none when it is absent or empty.
    fn text(&self, name: &'static str) -> Option<String> {
        self.get(name).filter(|value| !value.trim().is_empty())
    }

    /// A value that must parse.
    fn parsed<T: FromStr>(&self, name: &'static str, expected: &str) -> Result<Option<T>, BadSetting> {
        self.text(name)
            .map(|value| {
                let problem = || format!("{value:?} is not {expected}");
                value.trim().parse().map_err(|_| BadSetting { name, problem: problem() })
            })
            .transpose()
    }

    /// A value that must be there.
    fn required(&self, name: &'static str) -> Result<String, BadSetting> {
        self.text(name).ok_or_else(|| BadSetting { name, problem: "must be set".into() })
    }
}

/// The variables of this process.
#[derive(Debug, Clone, Copy)]
pub struct ProcessEnv;

impl Env for ProcessEnv {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    fn get(&self, name: &'static str) -> Option<String> {
        std::env::var(name).ok()
    }
}

impl Settings {
    pub fn read(env: &impl Env) -> Result<Self, BadSetting> {
        let defaults = Self::default();
        let origins = env.text("BATON_CORS_ORIGINS").unwrap_or_default();
        let limit = |name, default: u32| {
            let limit: Option<u32> = env.parsed(name, "a number of requests a minute")?;
            Ok(limit.unwrap_or(default).max(1))
        };
        let kept = |name, default| {
            let wish: Option<u32> = env.parsed(name, "a number of days, 0 for ever")?;
            Ok(wish.map_or(default, keep::days))
        };
        let keep = Keep {
            usage: kept("BATON_KEEP_USAGE_DAYS", defaults.keep.usage)?,
            runs: kept("BATON_KEEP_RUNS_DAYS", defaults.keep.runs)?,
            pushes: kept("BATON_KEEP_PUSHES_DAYS", defaults.keep.pushes)?,
            deleted_leads: kept("BATON_KEEP_DELETED_LEADS_DAYS", defaults.keep.deleted_leads)?,
        };
        Ok(Self {
            trigger_limit: limit("BATON_TRIGGER_LIMIT", defaults.trigger_limit)?,
            poll_limit: limit("BATON_POLL_LIMIT", defaults.poll_limit)?,
            triggers_at_once: env
                .parsed("BATON_TRIGGERS_AT_ONCE", "a number of triggers")?
                .filter(|most| *most > 0),
            default_plan: env.parsed("BATON_DEFAULT_PLAN", PLANS)?.unwrap_or(defaults.default_plan),
            tenant_rate: env
                .parsed("BATON_TENANT_RATE", "a number of requests a second")?
                .filter(|rate| *rate > 0),
            trusted_proxies: networks(env, "BATON_TRUSTED_PROXIES")?,
            max_body_bytes: env
                .parsed("BATON_MAX_BODY_BYTES", "a number of bytes")?
                .unwrap_or(defaults.max_body_bytes),
            // Lambda sets it. The rest is for the program itself, and for what is small.
            room_bytes: env
                .parsed("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "a number of megabytes")?
                .map_or(defaults.room_bytes, |megabytes: u32| megabytes as usize * MB / 2),
            max_file_bytes: env
                .parsed("BATON_MAX_FILE_BYTES", "a number of bytes")?
                .unwrap_or(defaults.max_file_bytes),
            max_files_bytes: env
                .parsed("BATON_MAX_FILES_BYTES", "a number of bytes")?
                .unwrap_or(defaults.max_files_bytes),
            keep,
            cors_origins: origins
                .split(',')
                .map(|origin| origin.trim().to_owned())
                .filter(|o| !o.is_empty())
                .collect(),
            public_url: public_url(env)?,
            dialect_hosts: dialect_hosts(env)?,
        })
    }
}

const PLANS: &str = "one of free, starter, pro, business, unlimited";

const PUBLIC_URL: &str = "BATON_PUBLIC_URL";

fn public_url(env: &impl Env) -> Result<Option<String>, BadSetting> {
    let Some(text) = env.text(PUBLIC_URL) else { return Ok(None) };
    // A wrong value is not shown: what a person takes for a URL may hold a password.
    base_url(&text).map(Some).map_err(|problem| BadSetting { name: PUBLIC_URL, problem: problem.into() })
}

const DIALECT_HOSTS: &str = "BATON_DIALECT_HOSTS";

/// `b.example.com=b,d.example.com=d`.
fn dialect_hosts(env: &impl Env) -> Result<BTreeMap<String, Letter>, BadSetting> {
    let text = env.text(DIALECT_HOSTS).unwrap_or_default();
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let mut hosts = BTreeMap::new();
    for pair in pairs {
        let read = pair.split_once('=').and_then(|(host, letter)| {
            let host = host.trim().trim_end_matches('.').to_ascii_lowercase();
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
            let named = !host.is_empty() && host.bytes().all(plain);
            named.then_some((host, letter.trim().parse().ok()?))
        });
        let bad = |problem| BadSetting { name: DIALECT_HOSTS, problem };
        let Some((host, letter)) = read else {
            return Err(bad(format!("{pair:?} is not a domain and its dialect such as b.example.com=b")));
        };
        if hosts.insert(host, letter).is_some_and(|before| before != letter) {
            return Err(bad(format!("{pair:?} is a domain that was given another dialect before")));
        }
    }
    Ok(hosts)
}

/// The URL of an address to listen on, where one can be told: port 0 becomes another one later.
fn url_of(addr: SocketAddr) -> Option<String> {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    (addr.port() != 0).then(|| format!("http://{}", SocketAddr::new(ip, addr.port())))
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Readable lines on a terminal, JSON otherwise.
    Auto,
    Text,
    Json,
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

/// Settings of the local host.
#[derive(Debug, Clone)]
pub struct LocalSettings {
    pub addr: SocketAddr,
    pub data_dir: PathBuf,
    pub log: String,
    pub log_format: LogFormat,
    /// Private networks that outgoing calls may reach, beside loopback.
    pub egress_allow: Vec<ipnet::IpNet>,
    pub platform: Settings,
}

impl LocalSettings {
    pub fn read(env: &impl Env) -> Result<Self, BadSetting> {
        let addr = env
            .parsed("BATON_ADDR", "an address such as 127.0.0.1:8080")?
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
        let mut platform = Settings::read(env)?;
        platform.public_url = platform.public_url.or_else(|| url_of(addr));
        Ok(Self {
            addr,
            data_dir: env.text("BATON_DATA_DIR").map_or_else(|| PathBuf::from(".baton"), PathBuf::from),
            log: env.text("BATON_LOG").unwrap_or_else(|| "info".into()),
            log_format: env.parsed("BATON_LOG_FORMAT", "one of auto, text, json")?.unwrap_or(LogFormat::Auto),
            egress_allow: networks(env, "BATON_EGRESS_ALLOW")?,
            platform,
        })
    }
}

/// Networks, separated by commas.
fn networks(env: &impl Env, name: &'static str) -> Result<Vec<ipnet::IpNet>, BadSetting> {
    let text = env.text(name).unwrap_or_default();
    let nets = text.split(',').map(str::trim).filter(|net| !net.is_empty());
    nets.map(|net| {
        let problem = || format!("{net:?} is not a network such as 172.16.0.0/12");
        net.parse().map_err(|_| BadSetting { name, problem: problem() })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    impl Env for HashMap<&'static str, &'static str> {
        fn get(&self, name: &'static str) -> Option<String> {
            HashMap::get(self, name).map(|value| (*value).to_owned())
        }
    }

    #[test]
    fn defaults_serve_a_laptop() {
        let settings = LocalSettings::read(&HashMap::new()).unwrap();
        assert_eq!(settings.addr.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.data_dir, PathBuf::from(".baton"));
        assert_eq!((settings.platform.trigger_limit, settings.platform.poll_limit), (60, 60));
        assert_eq!(settings.platform.public_url.as_deref(), Some("http://127.0.0.1:8080"));
    }

    #[test]
    fn the_public_url_follows_the_address_unless_it_is_set() {
        let read = |env: &[(&'static str, &'static str)]| {
            LocalSettings::read(&env.iter().copied().collect::<HashMap<_, _>>()).unwrap().platform.public_url
        };
        let everywhere = ("BATON_ADDR", "0.0.0.0:9000");
        assert_eq!(read(&[everywhere]).as_deref(), Some("http://127.0.0.1:9000"));
        assert_eq!(read(&[("BATON_ADDR", "[::]:9000")]).as_deref(), Some("http://[::1]:9000"));
        assert_eq!(read(&[("BATON_ADDR", "127.0.0.1:0")]), None);
        let named = ("BATON_PUBLIC_URL", "https://baton.example.com/");
        assert_eq!(read(&[everywhere, named]).as_deref(), Some("https://baton.example.com"));
        let secret = HashMap::from([("BATON_PUBLIC_URL", "https://jane:s3cret@baton.example.com")]);
        let error = LocalSettings::read(&secret).unwrap_err();
        assert_eq!(error.name, "BATON_PUBLIC_URL");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }

    #[test]
    fn a_domain_may_speak_one_dialect() {
        let env = HashMap::from([("BATON_DIALECT_HOSTS", " B.example.com=b, d.example.com.=D ,")]);
        let hosts = Settings::read(&env).unwrap().dialect_hosts;
        let expected = [("b.example.com".to_owned(), Letter::B), ("d.example.com".to_owned(), Letter::D)];
        assert_eq!(hosts, BTreeMap::from(expected));
    }

    #[test]
    fn who_has_no_plan_is_given_the_one_that_is_set() {
        let plan = |env: HashMap<_, _>| Settings::read(&env).unwrap().default_plan;
        assert_eq!(plan(HashMap::new()), Plan::Business);
        assert_eq!(plan(HashMap::from([("BATON_DEFAULT_PLAN", " free")])), Plan::Free);
    }

    #[test]
    fn nobody_counts_what_an_organization_sends_unless_told_to() {
        let rate =
            |value| Settings::read(&HashMap::from([("BATON_TENANT_RATE", value)])).unwrap().tenant_rate;
        assert_eq!([rate(""), rate("0"), rate("100")], [None, None, Some(100)]);
    }

    #[test]
    fn a_wrong_value_is_named() {
        for (name, value) in [
            ("BATON_ADDR", "8080"),
            ("BATON_LOG_FORMAT", "xml"),
            ("BATON_EGRESS_ALLOW", "10.0.0.0"),
            ("BATON_TRUSTED_PROXIES", "10.0.0.0/8,here"),
            ("BATON_TRIGGER_LIMIT", "many"),
            ("BATON_POLL_LIMIT", "many"),
            ("BATON_DEFAULT_PLAN", "gold"),
            ("BATON_TENANT_RATE", "1.5"),
            ("BATON_TRIGGERS_AT_ONCE", "few"),
            ("BATON_MAX_BODY_BYTES", "6MB"),
            ("BATON_DIALECT_HOSTS", "b.example.com"),
            ("BATON_DIALECT_HOSTS", "b.example.com=b,B.example.com=d"),
            ("BATON_DIALECT_HOSTS", "b.example.com=b,d.example.com=z"),
            ("BATON_DIALECT_HOSTS", "https://b.example.com=b"),
            ("BATON_DIALECT_HOSTS", "=b"),
        ] {
            let error = LocalSettings::read(&HashMap::from([(name, value)])).unwrap_err();
            assert_eq!(error.name, name);
            assert!(error.to_string().contains(value.rsplit(',').next().unwrap()), "{error}");
        }
    }
}
