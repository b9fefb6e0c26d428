//! Uploaded files. "What is known of this upload?" → by id. "How much has the tenant stored?" → one counter, whose condition is
//! the limit. "What signs its addresses?" → one secret, made when it is first needed.

use serde::{Deserialize, Serialize};

use super::{
    chores::{self, Chores},
    entity::{Entity, Place},
    table::Table,
};
use crate::{
    clock::Millis,
    domain::{
        chore::{Chore, What},
        file::{File, TAKEN_WITHIN, Upload},
        reach::Reach,
    },
    ids::{ChoreId, EntityId, FileId, GroupId},
    store::{Change, Cond, Key, Label, Refusal, Store, StoreError, Write},
    tenant::TenantId,
};

const BYTES: &str = "bytes";

/// Label of the write that refuses in [`Files::reserve`] when there is no room.
pub const ROOM: Label = "files-stored";

/// The files of one tenant.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
    pub reach: &'a Reach,
}

/// What signs a tenant's addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signing {
    pub secret: String,
}

impl Entity for Upload {
    type Id = FileId;
    const KIND: Label = "upload";

    fn place(id: &FileId) -> Place {
        Place::among(Self::KIND, *id)
    }

    fn id(&self) -> FileId {
        self.id
    }

    fn version(&self) -> u64 {
        self.v
    }

    fn group(&self) -> Option<GroupId> {
        self.group_id
    }
}

impl Entity for Signing {
    type Id = ();
    const KIND: Label = "file-signing";

    fn place((): &()) -> Place {
        Place::alone(Self::KIND)
    }

    fn id(&self) {}
}

impl Files<'_> {
    pub async fn upload(&self, id: FileId) -> Result<Option<Upload>, StoreError> {
        self.uploads().get(id).await
    }

    /// Makes room for a file that is going to come, and sees to it that it is dropped should nobody take it: `chore` is the id
    /// of the chore. The write called [`ROOM`] refuses when the tenant had more than `limit` bytes then.
    pub fn reserve(&self, upload: &Upload, chore: ChoreId, limit: u64) -> Result<Vec<Write>, StoreError> {
        let room = i64::try_from(limit.saturating_sub(upload.bytes)).unwrap_or(i64::MAX);
        let fits = if upload.bytes > limit {
            Cond::Lt(BYTES.into(), 0)
        } else {
            Cond::Any(vec![Cond::missing(BYTES), Cond::le(BYTES, room)])
        };
        let chores = Chores::new(self.store, self.tenant);
        let end = Chore::new(chore, What::DropUpload { upload_id: upload.id }, upload.created_at);
        Ok(vec![
            self.uploads().put_new(upload)?,
            count(self.tenant, upload.bytes, 1).when(fits).labelled(ROOM),
            chores.insert(&end, upload.created_at.plus(TAKEN_WITHIN))?,
        ])
    }

    /// A media item takes it. Refused when somebody else has, or when it was dropped.
    pub fn take(&self, upload: &Upload) -> Write {
        self.uploads().remove_as(upload)
    }

    /// Nobody can take it from here on, and its bytes count no more.
    pub fn drop(&self, upload: &Upload) -> Result<Vec<Write>, StoreError> {
        let dropped = Upload { dropped: true, v: upload.v + 1, ..upload.clone() };
        Ok(vec![self.uploads().put_over(upload, &dropped)?, count(self.tenant, upload.bytes, -1)])
    }

    /// Nothing is left of it.
    pub fn forget(&self, id: FileId) -> Write {
        self.uploads().remove(id)
    }

    /// The secret that signs addresses, if there is one yet.
    pub async fn signing(&self) -> Result<Option<Signing>, StoreError> {
        self.signings().get(()).await
    }

    /// Signs addresses with this secret from now on, unless there is one already: that one is returned.
    pub async fn sign_with(&self, secret: String) -> Result<Signing, StoreError> {
        let made = Signing { secret };
        match self.store.write(self.signings().put_new(&made)?).await {
            Ok(_) => Ok(made),
            Err(StoreError::ConditionFailed(Refusal { current: Some(item), .. })) => item.decode(),
            Err(error) => Err(error),
        }
    }

    fn uploads(&self) -> Table<'_, Upload> {
        Table::new(self.store, self.tenant).within(self.reach)
    }

    fn signings(&self) -> Table<'_, Signing> {
        Table::new(self.store, self.tenant)
    }
}

/// The writes beside those of a media item whose file changes: the old one is deleted by a chore, which is due at once.
pub fn changes(
    tenant: TenantId,
    before: Option<(&File, Millis)>,
    after: Option<&File>,
) -> Result<Vec<Write>, StoreError> {
    let Some((gone, at)) = before.filter(|(file, _)| after.is_none_or(|after| after.id != file.id)) else {
        return Ok(Vec::new());
    };
    // Of no other chore: files and chores take their ids from one source.
    let chore = Chore::new(
        ChoreId::of(gone.id.untyped()),
        What::DeleteFile { file_id: gone.id, until: gone.uploads_until },
        at,
    );
    Ok(vec![count(tenant, gone.bytes, -1), chores::owed(tenant, &chore, at)?])
}

fn count(tenant: TenantId, bytes: u64, times: i64) -> Write {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    Write::update(Key::of(tenant, "files-stored", "-"), vec![Change::add(BYTES, times * bytes)])
}
