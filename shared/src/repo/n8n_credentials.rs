//! Credentials that Baton keeps in n8n instances. "Which one has this installation?" → one item per installation.

use crate::{
    domain::n8n_credential::N8nCredential,
    ids::InstallationId,
    repo::{
        entity::{Entity, Many, Place},
        table::Table,
    },
    store::{Label, Write},
};

/// The credentials of one tenant. Each is under the id of its installation.
pub type N8nCredentials<'a> = Table<'a, N8nCredential>;

impl Entity for N8nCredential {
    type Id = InstallationId;
    const KIND: Label = "n8n-credential";

    fn place(installation: &InstallationId) -> Place {
        Place::among(Self::KIND, *installation)
    }

    fn id(&self) -> InstallationId {
        self.installation_id
    }

    fn version(&self) -> u64 {
        self.v
    }
}

impl Many for N8nCredential {}

impl N8nCredentials<'_> {
    pub fn delete(&self, installation: InstallationId) -> Write {
        self.remove(installation)
    }
}
