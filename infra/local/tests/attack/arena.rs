//! A process to attack: its two organizations, and what the kernel counts of it.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    neighbour::Neighbour,
    support::{self, Answer, Baton, ask},
    verdict::Verdict,
};

/// Clock ticks of `/proc/PID/stat`: <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>.
const TICKS: f64 = 100.0;

pub struct Arena {
    _dir: tempfile::TempDir,
    data: PathBuf,
    baton: Option<Baton>,
    pub addr: String,
    /// The most that the process held before anybody attacked, in MB.
    at_rest: u64,
    /// Of the organization that attacks.
    pub key: String,
    neighbours_key: String,
}

impl Arena {
    pub fn open() -> Self {
        Self::with(&[], None)
    }

    /// With settings, and at most so many file descriptors.
    pub fn with(settings: &[(&str, &str)], descriptors: Option<u32>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let (key, neighbours_key) = (organization(&data, "a"), organization(&data, "b"));
        let baton = begin(&data, settings, descriptors);
        let addr = baton.addr.clone();
        let mut arena = Self { _dir: dir, data, addr, at_rest: 0, baton: Some(baton), key, neighbours_key };
        arena.rests();
        arena
    }

    /// What the process has held until now is no fault of the attack. Pages of the program count once they were needed, so
    /// that a program with more routes holds more of them.
    pub fn rests(&mut self) {
        self.at_rest = self.peak_mb();
    }

    /// The most that it ever held beyond what it held at rest, in MB.
    pub fn beyond_rest_mb(&self) -> u64 {
        self.peak_mb().saturating_sub(self.at_rest)
    }

    /// The other organization goes to work.
    pub fn neighbour(&self) -> Neighbour {
        Neighbour::begin(&self.addr, &self.neighbours_key)
    }

    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        ask(&self.addr, &self.key, method, path, body)
    }

    /// Registers an n8n; the id of the installation.
    pub fn register(&self, origin: &str) -> u64 {
        let body =
            json!({ "instance_id": "n8n-1", "host": origin, "api_key": "n8n-api-key-here", "title": "n8n" });
        let answer = self.ask("POST", "/api/installs/register", Some(&body));
        answer.json["installation_id"].as_u64().unwrap_or_else(|| panic!("{answer:?}"))
    }

    /// Posts an entity of a waiting execution; its id.
    pub fn entity(&self, path: &str, installation: u64, origin: &str, execution: u64) -> u64 {
        let body = json!({
            "installation_id": installation, "workflow_id": "wf1", "execution_id": execution.to_string(),
            "resume_url": format!("{origin}/webhook-waiting/{execution}?signature=token-{execution}"),
            "human_interaction": true, "title": "T", "media_type": "image", "first_name": "Jane", "last_name": "Doe",
            "email": format!("jane-{execution}@example.com"), "invoice_number": format!("INV-{execution}"), "amount": 5000,
        });
        let answer = self.ask("POST", path, Some(&body));
        answer.json["id"].as_u64().unwrap_or_else(|| panic!("{path}: {answer:?}"))
    }

    pub fn decide(&self, verb: &str, entity_type: &str, id: u64) -> Answer {
        let body = json!({ "entity_id": id, "entity_type": entity_type });
        self.ask("POST", &format!("/automation/{verb}"), Some(&body))
    }

    fn pid(&self) -> u32 {
        self.baton.as_ref().unwrap().child.id()
    }

    /// User and system time of the process so far.
    pub fn cpu(&self) -> Duration {
        let Ok(stat) = fs::read_to_string(format!("/proc/{}/stat", self.pid())) else {
            return Duration::ZERO;
        };
        // The name of the program stands in brackets and may hold anything; utime and stime are the 12th and 13th after it.
        let after = stat.rsplit(") ").next().unwrap_or_default();
        let ticks: f64 =
            after.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        Duration::from_secs_f64(ticks / TICKS)
    }

    /// The most memory that it ever held, in MB.
    pub fn peak_mb(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse::<u64>().ok()).map_or(0, |kb| kb / 1024)
    }

    pub fn is_alive(&mut self) -> bool {
        self.baton.as_mut().is_some_and(|baton| baton.child.try_wait().unwrap().is_none())
    }

    /// Ends the process and starts it again on the same data.
    pub fn restart(&mut self) {
        let baton = self.baton.take().unwrap();
        // It may have ended by itself.
        drop(baton);
        let baton = begin(&self.data, &[], None);
        self.addr.clone_from(&baton.addr);
        self.baton = Some(baton);
    }

    /// SIGTERM; how long it took and whether it ended as it should.
    pub fn stop(&mut self) -> (Duration, bool) {
        let begun = Instant::now();
        let baton = self.baton.take().unwrap();
        baton.signal("TERM");
        let ended = baton.end().0.success();
        (begun.elapsed(), ended)
    }

    /// What must hold after every attack: the process lives, and the neighbour was served.
    pub fn judge(&mut self, verdict: &mut Verdict, neighbour: Neighbour) {
        neighbour.judge(verdict);
        verdict.exactly("processes that ended", u8::from(!self.is_alive()), 0);
        if self.is_alive() {
            verdict.told("memory at its peak, MB", self.peak_mb());
            verdict.told("processor time, ms", self.cpu().as_millis());
        }
    }
}

fn begin(data: &std::path::Path, settings: &[(&str, &str)], descriptors: Option<u32>) -> Baton {
    let mut command = match descriptors {
        None => support::command(data, settings),
        Some(most) => {
            let mut shell = support::command_by("sh".as_ref(), data, settings);
            let limited = format!("ulimit -n {most}; exec \"$0\" \"$@\"");
            shell.args(["-c", &limited, env!("CARGO_BIN_EXE_baton")]);
            shell
        }
    };
    command.env("BATON_LOG", "warn").args(["serve", "--json"]);
    Baton::spawned(command, |line| line.starts_with('{'))
}

fn organization(data: &std::path::Path, name: &str) -> String {
    let email = format!("admin@{name}.example");
    let made = support::run(
        data,
        &["org", "create", name, "--admin-email", &email, "--admin-password", "long enough", "--json"],
    );
    support::printed(&made)["api_key"].as_str().unwrap().to_owned()
}
