//! What clients share, and the model: what must be true in the end of what was acknowledged.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use serde_json::Value;

use crate::n8n::Host;

/// Addresses that leads are posted under, by everybody.
pub const PEOPLE: u64 = 12;
pub const COLLECTIONS: [&str; 3] = ["Summer", "Autumn", "Winter"];
pub const SESSIONS: [&str; 3] = ["chat-1", "chat-2", "chat-3"];
pub const USED: [&str; 2] = ["wf-used-1", "wf-used-2"];
pub const PUSHED: &str = "wf-pushed";

pub struct World {
    pub addr: Mutex<String>,
    pub key: String,
    pub installation: u64,
    pub host: Arc<Host>,
    pub model: Mutex<Model>,
    pub counts: Counts,
    next: AtomicU64,
}

#[derive(Default)]
pub struct Counts {
    /// Requests that were sent, and those of them that got a final answer.
    pub sent: AtomicU64,
    pub answered: AtomicU64,
    /// Cut off, refused, or asked to come again.
    pub cut: AtomicU64,
    pub refused: AtomicU64,
}

/// What was acknowledged.
#[derive(Default)]
pub struct Model {
    pub entities: Vec<Entity>,
    /// Records and input tokens of each workflow.
    pub used: BTreeMap<&'static str, (u64, u64)>,
    /// Executions that were pushed, however often.
    pub pushed: BTreeSet<u64>,
    /// Addresses of leads, and one last name that was posted under each.
    pub people: BTreeMap<u64, BTreeSet<String>>,
    /// Media items in each collection, deleted ones not counted.
    pub filed: BTreeMap<&'static str, i64>,
    pub said: BTreeMap<&'static str, u64>,
    pub triggered: BTreeSet<u64>,
    /// Triggers that n8n may have taken, and whose answer was lost.
    pub unheard: BTreeSet<u64>,
    pub wrong: Vec<String>,
}

/// An entity that a workflow posted for review, as it must be found.
#[derive(Debug, Clone)]
pub struct Entity {
    pub path: &'static str,
    pub id: u64,
    pub execution: u64,
    /// The field that was changed last, and to what.
    pub field: &'static str,
    pub text: String,
    /// What n8n must have been told, once each, in this order.
    pub decisions: Vec<&'static str>,
    pub reposts: usize,
    pub deleted: bool,
}

impl World {
    pub fn new(addr: String, key: String, installation: u64, host: Arc<Host>) -> Arc<Self> {
        Arc::new(Self {
            addr: Mutex::new(addr),
            key,
            installation,
            host,
            model: Mutex::default(),
            counts: Counts::default(),
            next: AtomicU64::new(1),
        })
    }

    /// A number that nobody else gets.
    pub fn number(&self) -> u64 {
        self.next.fetch_add(1, SeqCst)
    }

    pub fn wrong(&self, what: String) {
        self.model.lock().unwrap().wrong.push(what);
    }

    /// The decisions that n8n took of an execution.
    pub fn told(&self, execution: u64) -> Vec<String> {
        let execution = self.host.n8n.execution(execution);
        let decisions = execution.map(|execution| execution.decisions).unwrap_or_default();
        decisions.iter().map(|told| told["decision"].as_str().unwrap_or("?").to_owned()).collect()
    }
}

/// The number under a name, 0 where there is none.
pub fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or(0)
}
