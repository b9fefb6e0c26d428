//! What the routes answer.

use serde::Serialize;
use shared::{
    domain::n8n_credential::{N8nCredential, SCOPES},
    ids::InstallationId,
    n8n::{
        credentials::HEADER_AUTH,
        nodes::{
            self,
            canvas::{Canvas, CredentialRef},
            trigger,
        },
    },
    ops::n8n_credentials::{Ensured, Held},
};
use utoipa::ToSchema;

use crate::input::Wish;

/// The name under which people make the credential by hand.
pub const HAND_MADE: &str = "Baton API key";

/// Nodes to paste.
#[derive(Debug, Serialize, ToSchema)]
pub struct NodeOut {
    success: bool,
    #[schema(example = "payload-review")]
    kind: &'static str,
    #[schema(example = "Payload with review")]
    title: &'static str,
    #[schema(value_type = u64, example = 45)]
    installation_id: InstallationId,
    /// The request that the nodes send; null when they send none.
    #[schema(example = "POST /automation/payload/create")]
    sends: Option<String>,
    /// What n8n's canvas takes with Ctrl+V.
    #[schema(value_type = Object, example = json!({ "nodes": [], "connections": {}, "pinData": {} }))]
    canvas: Canvas,
    /// The credential that the nodes name; null when they need none.
    credential: Option<N8nCredentialOut>,
    /// `trigger` with `workflow_id`: the `endpoint` for `POST /api/trigger-webhook`.
    #[schema(example = "https://n8n.example.com/webhook/invokati-trigger/45/abc123")]
    endpoint: Option<String>,
    /// What to know or do beside pasting.
    notes: Vec<&'static str>,
}

/// The credential with the API key, in n8n. The key itself is shown nowhere.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct N8nCredentialOut {
    /// n8n's id of it; null when it is to be made by hand.
    #[schema(example = "R2DjclaysHbqn778")]
    id: Option<String>,
    #[schema(example = "Baton API key (45)")]
    name: String,
    /// n8n's type of it.
    #[serde(rename = "type")]
    #[schema(example = "httpHeaderAuth")]
    kind: &'static str,
    state: N8nCredentialState,
    /// Why it could not be made, or looked at.
    problem: Option<String>,
    /// What is left to do by hand, in order.
    steps: Vec<String>,
}

/// What is known of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum N8nCredentialState {
    /// Made now.
    Created,
    /// It was there, and holds a new key now.
    Renewed,
    /// Made by an earlier request.
    Ready,
    /// To be made by a person.
    ByHand,
}

impl N8nCredentialOut {
    /// One that n8n holds.
    fn held(id: &str, name: &str, state: N8nCredentialState, problem: Option<String>) -> Self {
        let reload = "Reload the browser tab of n8n before you paste: an editor that was open already does not know the \
                      credential yet, and drops it.";
        let steps = if state == N8nCredentialState::Ready { Vec::new() } else { vec![reload.to_owned()] };
        Self { id: Some(id.to_owned()), name: name.to_owned(), kind: HEADER_AUTH, state, problem, steps }
    }

    /// One that a person has to make.
    pub fn by_hand() -> Self {
        let steps = vec![
            format!("Make a Baton API key for it. These scopes are enough: {}.", SCOPES.join(", ")),
            format!(
                "In n8n, make a credential of type Header Auth. Name it {HAND_MADE}; the header's name is X-API-Key, its \
                 value the key."
            ),
            "Paste. n8n finds the credential by its name; where it does not, choose it in the node."
                .to_owned(),
        ];
        Self {
            id: None,
            name: HAND_MADE.to_owned(),
            kind: HEADER_AUTH,
            state: N8nCredentialState::ByHand,
            problem: None,
            steps,
        }
    }

    /// One that n8n did not let us make. Where nobody knows whether it did, asking again comes first: it finds out.
    fn failed(problem: String, unheard: bool) -> Self {
        let mut failed = Self { problem: Some(problem), ..Self::by_hand() };
        if unheard {
            let again =
                "Repeat this request: n8n may have made the credential all the same. If that does not help:";
            failed.steps.insert(0, again.to_owned());
        }
        failed
    }

    /// What is remembered of it.
    pub fn remembered(known: Option<&N8nCredential>) -> Self {
        match known.and_then(|known| Some((known.credential_id.as_deref()?, known))) {
            Some((id, known)) => Self::held(id, &known.name, N8nCredentialState::Ready, None),
            None => Self::by_hand(),
        }
    }

    fn reference(&self) -> CredentialRef {
        CredentialRef { id: self.id.clone(), name: self.name.clone() }
    }
}

impl From<Ensured> for N8nCredentialOut {
    fn from(ensured: Ensured) -> Self {
        match ensured {
            Ensured::Held { id, name, how, problem } => {
                let state = match how {
                    Held::Created => N8nCredentialState::Created,
                    Held::Renewed => N8nCredentialState::Renewed,
                    Held::Ready => N8nCredentialState::Ready,
                };
                Self::held(&id, &name, state, problem)
            }
            Ensured::Failed { problem, unheard } => Self::failed(problem, unheard),
        }
    }
}

impl NodeOut {
    /// The nodes of a wish. `credential` is left out of a kind that sends nothing.
    pub fn new(wish: &Wish, credential: Option<N8nCredentialOut>) -> Self {
        let kind = wish.kind;
        let reference = credential.as_ref().map_or_else(
            || CredentialRef { id: None, name: HAND_MADE.to_owned() },
            N8nCredentialOut::reference,
        );
        let values = wish.values(reference);
        let endpoint =
            if kind.path.is_none() { trigger::endpoint(&wish.installation, &values) } else { None };
        Self {
            success: true,
            kind: kind.key,
            title: kind.title,
            installation_id: wish.installation.id,
            sends: nodes::sends(kind),
            canvas: kind.canvas(&values),
            credential,
            endpoint,
            notes: kind.notes.to_vec(),
        }
    }
}
